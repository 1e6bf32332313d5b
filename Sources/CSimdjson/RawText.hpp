#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kizashi {

// The DOM gives numbers as doubles and strings unescaped. Where the text as written is wanted, it is found again in
// the line itself. Everything here reads text that simdjson has already accepted, so it looks for no mistakes and
// needs no end: an object's text always ends with its brace.

/// The tokens of a JSON Pointer (RFC 6901), unescaped.
using Path = std::vector<std::string>;

/// False: not a JSON Pointer.
bool path_of_pointer(std::string_view pointer, Path &path);

/// An array index as RFC 6901 writes it (no leading zeros); false: the token is none.
bool index_of_token(std::string_view token, size_t &index);

const char *skip_space(const char *p);
/// From the first byte of a value to the byte behind it.
const char *skip_value(const char *p);
/// The bytes of the value at `p`.
std::string_view raw_value(const char *p);

/// Walks the members of the object at `{`.
class RawObject {
 public:
  explicit RawObject(const char *brace) : next_(skip_space(brace + 1)) {}
  /// False: no more.
  bool next();
  /// The key as written, without its quotes.
  std::string_view key() const { return key_; }
  bool key_is(std::string_view name) const;
  const char *value() const { return value_; }

 private:
  const char *next_;
  std::string_view key_;
  const char *value_ = nullptr;
};

/// Walks the elements of the array at `[`, forwards only.
class RawArray {
 public:
  explicit RawArray(const char *bracket) : at_(skip_space(bracket + 1)) {}
  /// The first byte of element `index`, which exists and is not before the last one asked for.
  const char *element(size_t index);

 private:
  const char *at_;
  size_t index_ = 0;
};

/// The value of the last member of that name; null: none.
const char *raw_member(const char *brace, std::string_view name);

/// The value at a path below the value at `p`; null: none.
const char *raw_at(const char *p, const Path &path);

/// A copy of `text` with the tokens NaN, Infinity and -Infinity replaced by null; false: there is none. `starts`: where
/// its tokens begin.
bool without_nan(std::string_view text, const uint32_t *starts, size_t count, std::string &copy);

}  // namespace kizashi
