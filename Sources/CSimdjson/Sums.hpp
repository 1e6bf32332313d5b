#pragma once

#include "RawText.hpp"

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kizashi {

/// What a text is as a number of millionths.
enum class Micros { known, no_number, too_large };

/// Reads decimal text (a sign, digits, a fraction, an exponent) in millionths, half-up: floor(x · 10⁶ + ½). It never becomes a
/// double.
Micros micros_of(std::string_view text, int64_t &micros);

/// What an event adds to a property.
struct Amount {
  uint32_t property;
  int64_t micros;
};

/// Properties whose numbers are added up.
class Sums {
 public:
  void add(std::string_view property) { properties_.push_back({std::string(property)}); }
  bool is_empty() const { return properties_.empty(); }

  /// Reads the members of `properties` of a line that stands for `count` events; false: an amount does not fit 64 bits.
  /// `text` gives the first byte of the object's text, null if it cannot be found; it is asked only where a number has to be
  /// read as it was written.
  template <typename Text>
  bool read(simdjson::dom::object properties, int64_t count, Text text);

  /// What was read last, without what is 0.
  const std::vector<Amount> &amounts() const { return amounts_; }

 private:
  using element = simdjson::dom::element;

  struct Property {
    std::string name;
    bool is_there = false;
    element value;
    /// Which member of the object it is.
    size_t index = 0;
  };

  /// `raw`: the value's text, null if it was not needed or not found.
  static Micros read(element value, const char *raw, int64_t &micros);

  std::vector<Property> properties_;
  std::vector<Amount> amounts_;
};

template <typename Text>
bool Sums::read(simdjson::dom::object properties, int64_t count, Text text) {
  amounts_.clear();
  for (Property &property : properties_) property.is_there = false;
  size_t index = 0;
  bool reads_text = false;
  for (auto member = properties.begin(), end = properties.end(); member != end; ++member, index++) {
    const std::string_view key = member.key();
    for (Property &property : properties_) {
      if (property.name != key) continue;
      // Of repeated keys the last wins, whatever it is.
      property.is_there = true;
      property.value = member.value();
      property.index = index;
      reads_text |= property.value.type() == simdjson::dom::element_type::DOUBLE;
    }
  }
  // Members of the text come in the order of those of the object.
  std::vector<const char *> values;
  if (reads_text) {
    if (const char *brace = text()) {
      for (RawObject raw(brace); raw.next();) values.push_back(raw.value());
    }
  }
  for (size_t i = 0; i < properties_.size(); i++) {
    const Property &property = properties_[i];
    if (!property.is_there) continue;
    int64_t micros = 0;
    const char *const raw = property.index < values.size() ? values[property.index] : nullptr;
    switch (read(property.value, raw, micros)) {
      case Micros::no_number: continue;
      case Micros::too_large: return false;
      case Micros::known: break;
    }
    // The line is so many events, each with that value.
    if (__builtin_mul_overflow(micros, count, &micros)) return false;
    if (micros != 0) amounts_.push_back({static_cast<uint32_t>(i), micros});
  }
  return true;
}

}  // namespace kizashi
