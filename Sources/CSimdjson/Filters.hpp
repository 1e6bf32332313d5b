#pragma once

#include "RawText.hpp"

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kizashi {

/// A number by its value: ± digits · 10^exponent, without zeros at either end of the digits; zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
  bool operator==(const Decimal &other) const {
    return negative == other.negative && exponent == other.exponent && digits == other.digits;
  }
};

/// False: the text is no JSON number.
bool decimal_of(std::string_view text, Decimal &decimal);

/// Properties and the values they must have.
class Filters {
 public:
  void add(std::string_view property, std::string_view value);
  bool is_empty() const { return filters_.empty(); }
  size_t count() const { return filters_.size(); }

  /// A bit for each filter that the members of `properties` match. `text` gives the first byte of the object's text, null
  /// if it cannot be found; it is asked only where a number has to be read as it was written.
  template <typename Text>
  uint64_t match(simdjson::dom::object properties, Text text);

 private:
  struct Filter {
    std::string property, value;
    bool is_number = false;
    Decimal number;
  };
  using element = simdjson::dom::element;

  /// A member that is in a filter. Of repeated keys the last wins, whatever it is.
  uint64_t match(std::string_view property, element value, const char *raw) const;
  bool names(std::string_view property) const;
  static bool equals(const Filter &filter, element value, const char *raw);

  std::vector<Filter> filters_;
  struct Found {
    std::string_view property;
    element value;
    size_t index;
  };
  std::vector<Found> found_;
};

template <typename Text>
uint64_t Filters::match(simdjson::dom::object properties, Text text) {
  found_.clear();
  size_t index = 0;
  bool reads_text = false;
  for (auto member = properties.begin(), end = properties.end(); member != end; ++member, index++) {
    const std::string_view key = member.key();
    if (!names(key)) continue;
    const element value = member.value();
    reads_text |= value.type() == simdjson::dom::element_type::DOUBLE;
    bool repeated = false;
    for (Found &found : found_) {
      if (found.property != key) continue;
      found.value = value;
      found.index = index;
      repeated = true;
    }
    if (!repeated) found_.push_back({key, value, index});
  }
  if (found_.empty()) return 0;
  // Members of the text come in the order of those of the object.
  std::vector<const char *> values;
  if (reads_text) {
    if (const char *brace = text()) {
      for (RawObject raw(brace); raw.next();) values.push_back(raw.value());
    }
  }
  uint64_t matched = 0;
  for (const Found &found : found_) {
    matched |= match(found.property, found.value, found.index < values.size() ? values[found.index] : nullptr);
  }
  return matched;
}

}  // namespace kizashi
