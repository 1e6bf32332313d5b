#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kizashi {

/// From `since` (seconds since the epoch) on, local time is UTC + `offset` seconds.
struct Transition {
  int64_t since;
  int32_t offset;
};

/// Ascending by `since`; empty: times without an offset are not let in.
using Zone = std::vector<Transition>;

/// Years 0000 to 9999: what RFC 3339 can say, and what the views can show.
constexpr int64_t earliest_milliseconds = -62'167'219'200'000;
constexpr int64_t latest_milliseconds = 253'402'300'799'999;

/// An epoch integer, told apart by size: < 10^11 seconds, < 10^14 ms, < 10^17 µs, else ns. False: out of range.
bool instant_of_integer(uint64_t magnitude, bool negative, int64_t &milliseconds);

/// An epoch number from its JSON text, exact: no digit passes through a double.
bool instant_of_number(std::string_view text, int64_t &milliseconds);

/// RFC 3339, or an epoch number as a string of digits: without a sign, a fraction or an exponent.
bool instant_of_string(std::string_view text, const Zone &zone, int64_t &milliseconds);

}  // namespace kizashi
