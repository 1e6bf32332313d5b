#include "Filters.hpp"

#include "Numbers.hpp"

#include <algorithm>

using simdjson::dom::element_type;

namespace kizashi {
namespace {

/// Exponents beyond this say no more: the number's other digits are at most a line.
constexpr int64_t exponent_limit = int64_t{1} << 40;

/// Reads `e+12` to the end of the text.
bool read_exponent(const char *p, const char *end, int64_t &exponent) {
  if (p == end) return true;
  if (*p != 'e' && *p != 'E') return false;
  if (++p == end) return false;
  const bool negative = *p == '-';
  if ((*p == '-' || *p == '+') && ++p == end) return false;
  int64_t value = 0;
  for (; p < end; p++) {
    if (!is_digit(*p)) return false;
    value = std::min(value * 10 + (*p - '0'), exponent_limit);
  }
  exponent += negative ? -value : value;
  return true;
}

}  // namespace

bool decimal_of(std::string_view text, Decimal &decimal) {
  decimal = {};
  const char *p = text.data();
  const char *const end = p + text.size();
  if (p < end && *p == '-') {
    decimal.negative = true;
    p++;
  }
  const char *const whole = p;
  p = skip_digits(p, end);
  if (p == whole || (*whole == '0' && p - whole > 1)) return false;
  decimal.digits.assign(whole, p);
  if (p < end && *p == '.') {
    const char *const fraction = ++p;
    p = skip_digits(p, end);
    if (p == fraction) return false;
    decimal.digits.append(fraction, p);
    decimal.exponent -= p - fraction;
  }
  if (!read_exponent(p, end, decimal.exponent)) return false;
  const size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) {
    decimal = {};
    return true;
  }
  const size_t last = decimal.digits.find_last_not_of('0');
  decimal.exponent += static_cast<int64_t>(decimal.digits.size() - 1 - last);
  decimal.digits = decimal.digits.substr(first, last - first + 1);
  return true;
}

void Filters::add(std::string_view property, std::string_view value) {
  Filter filter;
  filter.property = property;
  filter.value = value;
  filter.is_number = decimal_of(value, filter.number);
  filters_.push_back(filter);
}

bool Filters::names(std::string_view property) const {
  return std::any_of(filters_.begin(), filters_.end(), [&](const Filter &filter) { return filter.property == property; });
}

uint64_t Filters::match(std::string_view property, element value, const char *raw) const {
  uint64_t matched = 0;
  for (size_t i = 0; i < filters_.size(); i++) {
    if (filters_[i].property == property && equals(filters_[i], value, raw)) matched |= uint64_t{1} << i;
  }
  return matched;
}

bool Filters::equals(const Filter &filter, element value, const char *raw) {
  Decimal number;
  switch (value.type()) {
    case element_type::STRING: {
      std::string_view text;
      return value.get(text) == simdjson::SUCCESS && text == filter.value;
    }
    case element_type::BOOL: {
      bool truth = false;
      return value.get(truth) == simdjson::SUCCESS && filter.value == (truth ? "true" : "false");
    }
    case element_type::INT64: {
      int64_t whole = 0;
      return filter.is_number && value.get(whole) == simdjson::SUCCESS && decimal_of(std::to_string(whole), number) &&
             number == filter.number;
    }
    case element_type::UINT64: {
      uint64_t whole = 0;
      return filter.is_number && value.get(whole) == simdjson::SUCCESS && decimal_of(std::to_string(whole), number) &&
             number == filter.number;
    }
    // A double has lost its digits.
    case element_type::DOUBLE:
      return filter.is_number && raw != nullptr && decimal_of(raw_value(raw), number) && number == filter.number;
    default: return false;
  }
}

}  // namespace kizashi
