#include "tvw/pruning/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tvw/core/error.hpp"
#include "tvw/core/read_text.hpp"
#include "tvw/core/text.hpp"
#include "tvw/pruning/rules.hpp"

namespace tvw::pruning {
namespace {

using Json = nlohmann::ordered_json;

/// One JSON object whose keys must all be known; messages name the text and the key.
class Object {
 public:
  Object(const Json& json, std::string where, const std::vector<std::string>& known)
      : json_(json), where_(std::move(where)) {
    if (!json.is_object()) fail("expected an object, got " + std::string(json.type_name()));
    for (const auto& [key, value] : json.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        fail(unknown_name("key", key, known));
      }
    }
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::kUsage, where_ + ": " + why);
  }
  [[nodiscard]] const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string text(const char* key, const Json& value) const {
    if (!value.is_string()) expected(key, "a string", value);
    return value.get<std::string>();
  }
  [[nodiscard]] double number(const char* key, const Json& value) const {
    if (!value.is_number()) expected(key, "a number", value);
    return value.get<double>();
  }
  [[nodiscard]] bool flag(const char* key, const Json& value) const {
    if (!value.is_boolean()) expected(key, "true or false", value);
    return value.get<bool>();
  }
  [[nodiscard]] std::vector<std::string> texts(const char* key, const Json& value) const {
    if (!value.is_array()) expected(key, "a list of strings", value);
    std::vector<std::string> all;
    for (const Json& item : value) all.push_back(text(key, item));
    return all;
  }

  /// Sets `to` from the key's text if it is there; what `parse` throws gets the place in front.
  template <class Value, class Parse>
  void parse_text(const char* key, Value& to, const Parse& parse) const {
    if (const Json* value = find(key)) to = placed(key, [&] { return parse(text(key, *value)); });
  }
  template <class Make>
  auto placed(const char* key, const Make& make) const {
    try {
      return make();
    } catch (const Error& error) {
      fail("'" + std::string(key) + "': " + error.what());
    }
  }

 private:
  [[noreturn]] void expected(const char* key, const char* what, const Json& value) const {
    // A structure may be nested deeper than dump() can follow.
    const std::string got = value.is_structured() ? value.type_name() : value.dump();
    fail("'" + std::string(key) + "' is " + got + ", expected " + what);
  }

  const Json& json_;
  std::string where_;
};

Sparsity sparsity_of(const Object& object, const Json& value) {
  const double zeros = object.number("sparsity", value);
  return object.placed("sparsity", [&] { return Sparsity(zeros); });
}

Override parse_override(const Json& json, const std::string& where) {
  const Object object(json, where, {"match", "pattern", "sparsity", "skip"});
  Override change;
  const Json* match = object.find("match");
  if (match == nullptr) object.fail("'match' is missing");
  change.match = object.text("match", *match);
  object.parse_text("pattern", change.pattern,
                    [](const std::string& t) { return parse_pattern(t); });
  if (const Json* value = object.find("sparsity")) change.sparsity = sparsity_of(object, *value);
  if (const Json* value = object.find("skip")) change.skip = object.flag("skip", *value);
  return change;
}

}  // namespace

Recipe parse_recipe(std::string_view text, std::string_view where) {
  const std::string place = "recipe '" + std::string(where) + "'";
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kUsage, place + " is not JSON: " + error.what());
  }
  const Object object(json, place,
                      {"pattern", "sparsity", "scope", "min_keep", "score", "permute", "split",
                       "include", "exclude", "overrides"});
  Recipe recipe;
  object.parse_text("pattern", recipe.pattern,
                    [](const std::string& t) { return parse_pattern(t); });
  if (const Json* value = object.find("sparsity")) recipe.sparsity = sparsity_of(object, *value);
  object.parse_text("scope", recipe.scope, parse_scope);
  if (const Json* value = object.find("min_keep")) {
    recipe.min_keep = object.number("min_keep", *value);
    if (!(recipe.min_keep >= 0.0 && recipe.min_keep <= 1.0)) {
      object.fail("'min_keep' is " + value->dump() + ", expected a number from 0 to 1");
    }
  }
  object.parse_text("score", recipe.score, parse_score);
  object.parse_text("permute", recipe.select.permute, patterns::parse_permute);
  object.parse_text("split", recipe.select.split, patterns::parse_split);
  if (const Json* value = object.find("include")) recipe.include = object.texts("include", *value);
  if (const Json* value = object.find("exclude")) recipe.exclude = object.texts("exclude", *value);
  if (const Json* value = object.find("overrides")) {
    if (!value->is_array()) object.fail("'overrides' is not a list");
    for (size_t i = 0; i < value->size(); ++i) {
      recipe.overrides.push_back(
          parse_override((*value)[i], place + ", overrides[" + std::to_string(i) + "]"));
    }
  }
  object.placed("include, exclude or overrides", [&] { return Rules(recipe); });
  return recipe;
}

Recipe load_recipe(const std::filesystem::path& path) {
  return parse_recipe(read_text(path, "a recipe (JSON)"), path.string());
}

std::string to_json(const Recipe& recipe) {
  Json json;
  json["pattern"] = to_string(recipe.pattern);
  json["sparsity"] = recipe.sparsity.value();
  json["scope"] = name(recipe.scope);
  json["min_keep"] = recipe.min_keep;
  json["score"] = name(recipe.score);
  json["permute"] = patterns::name(recipe.select.permute);
  json["split"] = patterns::name(recipe.select.split);
  json["include"] = recipe.include;
  json["exclude"] = recipe.exclude;
  json["overrides"] = Json::array();
  for (const Override& change : recipe.overrides) {
    Json item;
    item["match"] = change.match;
    if (change.pattern) item["pattern"] = to_string(*change.pattern);
    if (change.sparsity) item["sparsity"] = change.sparsity->value();
    if (change.skip) item["skip"] = *change.skip;
    json["overrides"].push_back(std::move(item));
  }
  return json.dump(2);
}

}  // namespace tvw::pruning
