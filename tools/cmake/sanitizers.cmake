# TVW_SANITIZE=address,undefined builds everything, tests and tool, with those sanitizers.
if(TVW_SANITIZE)
  add_compile_options(-fsanitize=${TVW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TVW_SANITIZE})
endif()
