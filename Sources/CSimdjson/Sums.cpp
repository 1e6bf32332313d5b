#include "Sums.hpp"

#include "Numbers.hpp"

#include <algorithm>
#include <limits>

using simdjson::dom::element_type;

namespace kizashi {
namespace {

/// Exponents beyond this say no more: the number's other digits are at most a line.
constexpr int64_t exponent_limit = int64_t{1} << 40;

/// Digits of the largest number of millionths.
constexpr int64_t micros_digits = 19;

/// A number as it is written.
struct Written {
  bool negative = false;
  std::string_view whole, fraction;
  int64_t exponent = 0;

  int64_t size() const { return static_cast<int64_t>(whole.size() + fraction.size()); }
  int64_t point() const { return static_cast<int64_t>(whole.size()); }
  /// A digit, counted from the first; 0 behind the last.
  char digit(int64_t index) const {
    if (index < point()) return whole[static_cast<size_t>(index)];
    return index < size() ? fraction[static_cast<size_t>(index - point())] : '0';
  }
};

std::string_view digits_at(const char *&p, const char *end) {
  const char *const first = p;
  p = skip_digits(p, end);
  return std::string_view(first, static_cast<size_t>(p - first));
}

bool take_sign(const char *&p, const char *end) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  return negative;
}

/// False: the text is no number.
bool read_written(std::string_view text, Written &number) {
  const char *p = text.data();
  const char *const end = p + text.size();
  number.negative = take_sign(p, end);
  number.whole = digits_at(p, end);
  if (number.whole.empty()) return false;
  if (p < end && *p == '.') {
    number.fraction = digits_at(++p, end);
    if (number.fraction.empty()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    const bool negative = take_sign(p, end);
    const std::string_view digits = digits_at(p, end);
    if (digits.empty()) return false;
    for (char c : digits) number.exponent = std::min(number.exponent * 10 + (c - '0'), exponent_limit);
    if (negative) number.exponent = -number.exponent;
  }
  return p == end;
}

/// The number of digits before the first that is not 0.
int64_t leading_zeros(const Written &number) {
  const char *const whole = number.whole.data();
  const auto zeros = skip_zeros(whole, whole + number.whole.size()) - whole;
  if (zeros < number.point() || number.fraction.empty()) return zeros;
  const char *const fraction = number.fraction.data();
  return zeros + (skip_zeros(fraction, fraction + number.fraction.size()) - fraction);
}

/// Whether a digit from `index` on is not 0.
bool has_more(const Written &number, int64_t index) {
  for (; index < number.size(); index++) {
    if (number.digit(index) != '0') return true;
  }
  return false;
}

}  // namespace

Micros micros_of(std::string_view text, int64_t &micros) {
  micros = 0;
  Written number;
  if (!read_written(text, number)) return Micros::no_number;
  const int64_t first = leading_zeros(number);
  // The digits before this one are of whole millionths.
  const int64_t unit = number.point() + number.exponent + 6;
  if (first == number.size() || unit < first) return Micros::known;
  if (unit - first > micros_digits) return Micros::too_large;
  uint64_t magnitude = 0;
  for (int64_t i = first; i < unit; i++) magnitude = magnitude * 10 + static_cast<uint64_t>(number.digit(i) - '0');
  const char next = number.digit(unit);
  // Half-up goes towards the larger number, which is the smaller magnitude below 0.
  if (next > '5' || (next == '5' && (!number.negative || has_more(number, unit + 1)))) magnitude++;
  const uint64_t largest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude > largest + (number.negative ? 1 : 0)) return Micros::too_large;
  micros = static_cast<int64_t>(number.negative ? 0 - magnitude : magnitude);
  return Micros::known;
}

Micros Sums::read(element value, const char *raw, int64_t &micros) {
  switch (value.type()) {
    case element_type::INT64: {
      int64_t whole = 0;
      if (value.get(whole) != simdjson::SUCCESS) return Micros::no_number;
      return __builtin_mul_overflow(whole, int64_t{1'000'000}, &micros) ? Micros::too_large : Micros::known;
    }
    // Beyond 64 bits with a sign.
    case element_type::UINT64: return Micros::too_large;
    // A double has lost its digits.
    case element_type::DOUBLE: return raw == nullptr ? Micros::no_number : micros_of(raw_value(raw), micros);
    case element_type::STRING: {
      std::string_view text;
      return value.get(text) == simdjson::SUCCESS ? micros_of(text, micros) : Micros::no_number;
    }
    default: return Micros::no_number;
  }
}

}  // namespace kizashi
