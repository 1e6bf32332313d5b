#include "Instants.hpp"

#include "Numbers.hpp"

#include <algorithm>

namespace kizashi {
namespace {

inline bool in_range(int64_t milliseconds) {
  return milliseconds >= earliest_milliseconds && milliseconds <= latest_milliseconds;
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const unsigned year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

bool is_leap(unsigned year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

unsigned days_in_month(unsigned year, unsigned month) {
  static constexpr unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

inline bool two_digits(const char *p, unsigned &value) {
  const unsigned tens = static_cast<unsigned char>(p[0] - '0');
  const unsigned ones = static_cast<unsigned char>(p[1] - '0');
  value = tens * 10 + ones;
  return tens <= 9 && ones <= 9;
}

/// UTC seconds of a local time: of two the first, and in a gap as far behind it as the local time is.
int64_t utc_of_local(int64_t local, const Zone &zone) {
  constexpr int64_t day = 86'400;
  auto after = std::upper_bound(zone.begin(), zone.end(), local + day,
                                [](int64_t at, const Transition &transition) { return at < transition.since; });
  // Offsets are under a day, so only the spans that touch the two days around the local time can hold it.
  size_t last = after == zone.begin() ? 0 : static_cast<size_t>(after - zone.begin()) - 1;
  size_t first = last;
  while (first > 0 && zone[first].since > local - day) first--;
  for (size_t i = first; i <= last; i++) {
    const int64_t utc = local - zone[i].offset;
    if (i < last && utc >= zone[i + 1].since) {
      // Past this span; in a gap the next span's offset would put it before that span begins.
      if (local - zone[i + 1].offset < zone[i + 1].since) return utc;
      continue;
    }
    return utc;
  }
  return local - zone[last].offset;
}

/// `±hh:mm` or `±hhmm`, to seconds.
bool offset_of(std::string_view text, int64_t &seconds) {
  unsigned hours, minutes;
  if (text.size() == 6 && text[3] == ':') {
    if (!two_digits(text.data() + 4, minutes)) return false;
  } else if (text.size() == 5) {
    if (!two_digits(text.data() + 3, minutes)) return false;
  } else {
    return false;
  }
  if (!two_digits(text.data() + 1, hours) || hours > 23 || minutes > 59) return false;
  seconds = static_cast<int64_t>(hours) * 3600 + minutes * 60;
  if (text[0] == '-') seconds = -seconds;
  return true;
}

bool instant_of_rfc3339(std::string_view text, const Zone &zone, int64_t &milliseconds) {
  if (text.size() < 19) return false;
  const char *p = text.data();
  const char *const end = p + text.size();
  unsigned century, year, month, day, hour, minute, second;
  const bool shaped = two_digits(p, century) && two_digits(p + 2, year) && (p[4] == '-') && two_digits(p + 5, month) &&
                      (p[7] == '-') && two_digits(p + 8, day) && (p[10] == 'T' || p[10] == ' ' || p[10] == 't') &&
                      two_digits(p + 11, hour) && (p[13] == ':') && two_digits(p + 14, minute) && (p[16] == ':') &&
                      two_digits(p + 17, second);
  if (!shaped) return false;
  year += century * 100;
  if (month - 1 > 11 || day == 0 || day > days_in_month(year, month)) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  p += 19;

  unsigned fraction = 0;
  if (p < end && *p == '.') {
    p++;
    unsigned scale = 100;
    const char *const first = p;
    for (; p < end && is_digit(*p) && scale > 0; p++) {
      fraction += static_cast<unsigned>(*p - '0') * scale;
      scale /= 10;
    }
    if (p == first) return false;
    // From the fourth digit on: cut off.
    p = skip_digits(p, end);
  }

  int64_t seconds = days_from_civil(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second;
  if (p == end) {
    if (zone.empty()) return false;
    seconds = utc_of_local(seconds, zone);
  } else if (*p == 'Z' || *p == 'z') {
    if (p + 1 != end) return false;
  } else if (*p == '+' || *p == '-') {
    int64_t offset;
    if (!offset_of(std::string_view(p, static_cast<size_t>(end - p)), offset)) return false;
    seconds -= offset;
  } else {
    return false;
  }
  milliseconds = seconds * 1000 + fraction;
  return in_range(milliseconds);
}

/// The significant digits of a number: value = 0.d₁d₂… × 10^point, d₁ ≠ 0. No digits: zero.
struct Decimal {
  static constexpr size_t kept = 24;
  unsigned char digits[kept];
  size_t count = 0;
  int64_t point = 0;
  bool negative = false;
  /// Whether a digit that was not kept is not 0.
  bool more = false;

  void append(const char *p, const char *end) {
    for (; p < end && count < kept; p++) digits[count++] = static_cast<unsigned char>(*p - '0');
    more |= skip_zeros(p, end) != end;
  }
};

bool read_exponent(std::string_view text, size_t at, int64_t &exponent) {
  constexpr int64_t enough = 1'000'000'000;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  if (at == text.size()) return false;
  exponent = 0;
  for (; at < text.size(); at++) {
    if (!is_digit(text[at])) return false;
    exponent = std::min(enough, exponent * 10 + (text[at] - '0'));
  }
  if (negative) exponent = -exponent;
  return true;
}

bool read_decimal(std::string_view text, Decimal &decimal) {
  const char *p = text.data();
  const char *const end = p + text.size();
  if (p < end && *p == '-') {
    decimal.negative = true;
    p++;
  }
  const char *const whole = p;
  const char *const significant = p = skip_zeros(p, end);
  p = skip_digits(p, end);
  if (p == whole) return false;
  decimal.append(significant, p);
  decimal.point = p - significant;
  if (p < end && *p == '.') {
    const char *const fraction = ++p;
    if (decimal.count == 0) {
      p = skip_zeros(p, end);
      decimal.point = fraction - p;
    }
    const char *const first = p;
    p = skip_digits(p, end);
    if (p == fraction) return false;
    decimal.append(first, p);
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    int64_t exponent;
    if (!read_exponent(text, static_cast<size_t>(p - text.data()) + 1, exponent)) return false;
    decimal.point += exponent;
    return true;
  }
  return p == end;
}

}  // namespace

bool instant_of_integer(uint64_t magnitude, bool negative, int64_t &milliseconds) {
  uint64_t whole;
  bool rest = false;
  if (magnitude < 100'000'000'000) {
    whole = magnitude * 1000;
  } else if (magnitude < 100'000'000'000'000) {
    whole = magnitude;
  } else {
    const uint64_t unit = magnitude < 100'000'000'000'000'000 ? 1000 : 1'000'000;
    whole = magnitude / unit;
    rest = magnitude % unit != 0;
  }
  milliseconds = static_cast<int64_t>(whole);
  if (negative) milliseconds = -milliseconds - rest;
  return in_range(milliseconds);
}

bool instant_of_number(std::string_view text, int64_t &milliseconds) {
  Decimal decimal;
  if (!read_decimal(text, decimal)) return false;
  milliseconds = 0;
  if (decimal.count == 0) return true;

  // 10^(point − 1) ≤ |value| < 10^point, so the size is told by the point alone.
  int64_t taken = decimal.point;
  if (decimal.point <= 11) {
    taken += 3;
  } else if (decimal.point > 17) {
    taken -= 6;
  } else if (decimal.point > 14) {
    taken -= 3;
  }
  if (taken > 15) return false;
  bool rest = decimal.more;
  for (int64_t i = 0; i < taken; i++) {
    const unsigned digit = static_cast<size_t>(i) < decimal.count ? decimal.digits[i] : 0;
    milliseconds = milliseconds * 10 + digit;
  }
  for (size_t i = taken > 0 ? static_cast<size_t>(taken) : 0; i < decimal.count; i++) rest |= decimal.digits[i] != 0;
  if (decimal.negative) milliseconds = -milliseconds - rest;
  return in_range(milliseconds);
}

bool instant_of_string(std::string_view text, const Zone &zone, int64_t &milliseconds) {
  if (text.size() > 4 && text[4] == '-') return instant_of_rfc3339(text, zone, milliseconds);
  // A string of digits, and nothing else: `-1` in quotes is what somebody writes who does not know the time.
  if (skip_digits(text.data(), text.data() + text.size()) != text.data() + text.size()) return false;
  return instant_of_number(text, milliseconds);
}

}  // namespace kizashi
