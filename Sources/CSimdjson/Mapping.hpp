#pragma once

#include "CSimdjson.h"
#include "RawText.hpp"
#include "Rows.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace kizashi {

/// A value of a DOM as a name: text, or an integer's decimal text where `integers`; null is absent.
inline void read_name(simdjson::dom::element value, bool integers, Name &name) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING: {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) name.set(text);
      return;
    }
    case simdjson::dom::element_type::INT64: {
      int64_t number = 0;
      if (!integers || value.get(number) != simdjson::SUCCESS) break;
      const uint64_t magnitude = static_cast<uint64_t>(number);
      name.set_integer(number < 0 ? 0 - magnitude : magnitude, number < 0);
      return;
    }
    case simdjson::dom::element_type::UINT64: {
      uint64_t number = 0;
      if (!integers || value.get(number) != simdjson::SUCCESS) break;
      name.set_integer(number, false);
      return;
    }
    case simdjson::dom::element_type::NULL_VALUE: return;
    default: break;
  }
  name.state = Name::State::bad;
}

/// The value of the last member of that name.
bool last_member(simdjson::dom::object object, std::string_view name, simdjson::dom::element &value);

/// The value at a path, by the same rules as `raw_at`.
bool value_at(simdjson::dom::element value, const Path &path, simdjson::dom::element &found);

/// Finds the fields of one event: all pointers of all fields are followed in one walk.
class Mapping {
 public:
  using element = simdjson::dom::element;

  void set(ks_field_name field, ks_source_kind kind, std::string_view text, size_t index);
  void add_pointer(ks_field_name field, std::string_view pointer);

  /// Follows every pointer into `event`; what the calls below return belongs to it.
  void collect(element event);

  bool has(ks_field_name field) const { return sources_[field].kind != ks_source_none; }
  bool is_pointers(ks_field_name field) const { return sources_[field].kind == ks_source_pointers; }
  /// The first value of a `pointers` field that is there and neither null nor ""; null: none. `path`: where it was.
  const element *first(ks_field_name field, const Path *&path) const;
  /// The text of a `join`, `split` or `constant` field, or of the first value of a `pointers` field.
  void read(ks_field_name field, bool integers, Name &name);

 private:
  struct Child {
    std::string token;
    size_t node;
  };
  struct Node {
    std::vector<Child> children;
    /// A bit for each length that a child's token has: most members of an event have another.
    uint64_t lengths = 0;
    Path path;
    element value;
    bool present = false;
  };
  struct Source {
    ks_source_kind kind = ks_source_none;
    std::vector<size_t> nodes;
    std::string text;
    size_t index = 0;
    /// What a join or split made for this event.
    std::string joined;
  };

  void descend(size_t node);
  void read_joined(Source &source, Name &name);
  void read_piece(Source &source, Name &name);

  std::vector<Node> nodes_{1};
  Source sources_[ks_field_names];
};

}  // namespace kizashi
