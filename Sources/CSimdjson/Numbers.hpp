#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kizashi {

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

/// Behind the digits at `p`, at most `end`. Eight at a time: a line may hold a million.
inline const char *skip_digits(const char *p, const char *end) {
  for (; end - p >= 8; p += 8) {
    uint64_t eight;
    std::memcpy(&eight, p, 8);
    const uint64_t high = 0xF0F0F0F0F0F0F0F0, threes = 0x3030303030303030;
    // 0x3A…0x3F have the high half of a digit; six more would change it.
    if ((eight & high) != threes || ((eight + 0x0606060606060606) & high) != threes) break;
  }
  while (p < end && is_digit(*p)) p++;
  return p;
}

/// Behind the zeros at `p`, at most `end`.
inline const char *skip_zeros(const char *p, const char *end) {
  for (; end - p >= 8 && std::memcmp(p, "00000000", 8) == 0;) p += 8;
  while (p < end && *p == '0') p++;
  return p;
}

/// Looks for numbers of more digits than simdjson reads quickly: it needs 0.2 µs and more for each, to round a double
/// that nobody here asks for. `starts`: where the tokens of `text` begin.
/// False: one is refused. Otherwise `copy` is empty, or is the text with short doubles in place of long ones, each token
/// where it was, followed by `padding` bytes.
bool shorten_numbers(std::string_view text, const uint32_t *starts, size_t count, size_t padding, std::string &copy);

}  // namespace kizashi
