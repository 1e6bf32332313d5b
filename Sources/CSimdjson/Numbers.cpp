#include "Numbers.hpp"

#include <algorithm>

namespace kizashi {
namespace {

/// A token under this length is no slow number: a sign or a point and twenty digits.
constexpr size_t slow_length = 21;

/// Digits of an integer that may fit 64 bits.
constexpr std::ptrdiff_t integer_digits = 20;

/// An exponent twice: as it is, and as simdjson's reader of long numbers takes it, which stops counting once past 65,535.
struct Exponent {
  int64_t exact = 0, counted = 0;
};

bool read_exponent(const char *&p, const char *end, Exponent &exponent) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  const char *const first = p;
  for (p = skip_zeros(p, end); p < end && is_digit(*p); p++) {
    const int64_t digit = *p - '0';
    if (exponent.counted < 0x10000) exponent.counted = exponent.counted * 10 + digit;
    if (exponent.exact < 1'000'000'000'000) {
      exponent.exact = exponent.exact * 10 + digit;
    } else {
      // No text is long enough to make up for it.
      p = skip_digits(p, end);
      break;
    }
  }
  if (p == first) return false;
  if (negative) exponent = {-exponent.exact, -exponent.counted};
  return true;
}

/// What simdjson would say of a long number.
enum class LongNumber { unclear, finite, refused };

/// The number at `p`, which ends before `end`; `stop`: behind it.
LongNumber judge_number(const char *p, const char *end, const char *&stop) {
  if (p < end && *p == '-') p++;
  const char *const whole = p;
  stop = p = skip_digits(p, end);
  // What is no number simdjson refuses at its first byte.
  if (p == whole || (*whole == '0' && p - whole > 1)) return LongNumber::unclear;
  if (p == end || (*p != '.' && *p != 'e' && *p != 'E')) {
    return p - whole > integer_digits ? LongNumber::refused : LongNumber::unclear;
  }
  // 10^(point − 1) ≤ |value| < 10^point
  int64_t point = *whole == '0' ? 0 : p - whole;
  bool is_zero = *whole == '0';
  if (*p == '.') {
    const char *const fraction = ++p;
    if (is_zero) {
      p = skip_zeros(p, end);
      point = fraction - p;
      is_zero = p == end || !is_digit(*p);
    }
    stop = p = skip_digits(p, end);
    if (p == fraction) return LongNumber::unclear;
  }
  Exponent exponent;
  if (p < end && (*p == 'e' || *p == 'E')) {
    if (!read_exponent(++p, end, exponent)) return LongNumber::unclear;
    stop = p;
  }
  if (is_zero) return LongNumber::finite;
  // Between 1e308 and 1e309 lies the greatest double: who reads every digit may say.
  const int64_t least = point + std::min(exponent.exact, exponent.counted);
  const int64_t most = point + std::max(exponent.exact, exponent.counted);
  if (most <= 308) return LongNumber::finite;
  return least > 309 ? LongNumber::refused : LongNumber::unclear;
}

/// Tokens that are looked at together.
constexpr size_t block = 16;

/// Whether one of a block is long enough: without a branch, so that the compiler compares several at once.
inline bool holds_long_token(const uint32_t *starts) {
  int32_t is_long = 0;
  for (size_t i = 0; i < block; i++) {
    is_long |= static_cast<int32_t>(slow_length - 1) - static_cast<int32_t>(starts[i + 1] - starts[i]);
  }
  return is_long < 0;
}

/// False: there is a number from `start` on, and it is refused.
bool shorten_number(std::string_view text, size_t start, size_t end, size_t padding, std::string &copy) {
  if (end - start < slow_length || (text[start] != '-' && !is_digit(text[start]))) return true;
  const char *stop;
  const LongNumber verdict = judge_number(text.data() + start, text.data() + end, stop);
  if (verdict != LongNumber::finite) return verdict == LongNumber::unclear;
  if (copy.empty()) copy.assign(text).append(padding, '\0');
  std::memset(copy.data() + start, ' ', static_cast<size_t>(stop - (text.data() + start)));
  std::memcpy(copy.data() + start, "0.0", 3);
  return true;
}

}  // namespace

bool shorten_numbers(std::string_view text, const uint32_t *starts, size_t count, size_t padding, std::string &copy) {
  copy.clear();
  size_t first = 0;
  for (; first + block < count; first += block) {
    if (!holds_long_token(starts + first)) continue;
    for (size_t i = first; i < first + block; i++) {
      if (!shorten_number(text, starts[i], starts[i + 1], padding, copy)) return false;
    }
  }
  for (; first < count; first++) {
    const size_t end = first + 1 < count ? starts[first + 1] : text.size();
    if (!shorten_number(text, starts[first], end, padding, copy)) return false;
  }
  return true;
}

}  // namespace kizashi
