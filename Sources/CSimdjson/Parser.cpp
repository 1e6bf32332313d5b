#include "Parser.hpp"

#include "Numbers.hpp"
#include "RawText.hpp"

namespace kizashi {

bool Parser::reserve(size_t length) {
  // Nothing at all needs a parser too: an empty wrapped text is refused by one.
  if (capacity_ > 0 && length <= capacity_) return true;
  size_t capacity = capacity_ == 0 ? 16 * 1024 : capacity_;
  while (capacity < length) capacity *= 2;
  if (parser_.allocate(capacity, depth_limit) != simdjson::SUCCESS) return false;
  if (parser_.doc.allocate(capacity) != simdjson::SUCCESS) return false;
  capacity_ = capacity;
  return true;
}

/// simdjson's first half: where each token begins, and whether the text is UTF-8.
Reason Parser::find_tokens(std::string_view text) {
  const auto *const bytes = reinterpret_cast<const uint8_t *>(text.data());
  const auto error = parser_.implementation->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  has_tokens_ = error == simdjson::SUCCESS;
  if (has_tokens_) return Reason::none;
  // simdjson stops at the first mistake it meets; text that is not UTF-8 is called so whatever else is wrong.
  if (error == simdjson::UTF8_ERROR) return Reason::not_utf8;
  return simdjson::validate_utf8(text.data(), text.size()) ? Reason::bad_json : Reason::not_utf8;
}

Reason Parser::parse(std::string_view text, simdjson::dom::element &root) {
  has_tokens_ = false;
  if (!reserve(text.size())) return Reason::bad_json;
  Reason reason = find_tokens(text);
  if (reason != Reason::none) return reason;
  auto &implementation = *parser_.implementation;
  if (text.size() >= long_line) {
    if (!shorten_numbers(text, implementation.structural_indexes.get(), implementation.n_structural_indexes,
                         simdjson::SIMDJSON_PADDING, shortened_)) {
      return Reason::bad_json;
    }
    if (!shortened_.empty()) reason = find_tokens(std::string_view(shortened_.data(), text.size()));
    if (reason != Reason::none) return reason;
  }
  if (implementation.stage2(parser_.doc) != simdjson::SUCCESS) return Reason::bad_json;
  root = parser_.doc.root();
  return Reason::none;
}

Reason Parser::parse_without_nan(std::string_view &text, simdjson::dom::element &root) {
  const Reason reason = parse(text, root);
  // A text without tokens is wrong for more than a NaN.
  if (reason != Reason::bad_json || !has_tokens_) return reason;
  const auto &implementation = *parser_.implementation;
  if (!without_nan(text, implementation.structural_indexes.get(), implementation.n_structural_indexes, copy_)) {
    return reason;
  }
  const size_t length = copy_.size();
  copy_.append(simdjson::SIMDJSON_PADDING, '\0');
  text = std::string_view(copy_.data(), length);
  return parse(text, root);
}

}  // namespace kizashi
