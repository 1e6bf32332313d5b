#pragma once

#include "Rows.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>

namespace kizashi {

/// Longest line that is read.
constexpr size_t line_limit = 1 << 20;

/// Most nested arrays and objects.
constexpr size_t depth_limit = 1000;

/// A line of this length and more is looked through for numbers that take long to read. A shorter one of nothing else is
/// read in less than half a millisecond, and ordinary lines pay nothing.
constexpr size_t long_line = 32 * 1024;

/// A simdjson parser that reads text in place and grows by doubling.
class Parser {
 public:
  /// `text` is followed by SIMDJSON_PADDING readable bytes.
  Reason parse(std::string_view text, simdjson::dom::element &root);
  /// Reads a text that is wrong only for its NaNs as if they were null; `text` is then the copy that says so.
  Reason parse_without_nan(std::string_view &text, simdjson::dom::element &root);

 private:
  bool reserve(size_t length);
  Reason find_tokens(std::string_view text);
  simdjson::dom::parser parser_;
  size_t capacity_ = 0;
  /// Whether the parser holds where the tokens of the last text begin.
  bool has_tokens_ = false;
  std::string copy_;
  std::string shortened_;
};

}  // namespace kizashi
