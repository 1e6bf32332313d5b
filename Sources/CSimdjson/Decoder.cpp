#include "Decoder.hpp"

#include <algorithm>
#include <new>

namespace kizashi {
namespace {

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Whether all of a line is spaces, of which it may hold a million: blocks of a fixed size are compared at once.
bool is_all_spaces(std::string_view line) {
  constexpr size_t block = 64;
  size_t at = 0;
  for (; at + block <= line.size(); at += block) {
    bool all = true;
    for (size_t i = 0; i < block; i++) all &= is_space(line[at + i]);
    if (!all) return false;
  }
  return std::all_of(line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), is_space);
}

inline bool is_blank(std::string_view line) {
  // Almost every line begins with its brace.
  return line.empty() || (line[0] <= ' ' && is_all_spaces(line));
}

}  // namespace

/// Looks for the time's digits, through all of the line, unless the event is refused whatever they are.
void Decoder::read_fraction(Source &source, Event &event) const {
  const Reason reason = rows_.refusal(event);
  if (reason == Reason::missing_field || reason == Reason::bad_type) return;
  const char *const raw = raw_at(source.text(), *source.fraction);
  const bool known = raw != nullptr && instant_of_number(raw_value(raw), event.milliseconds);
  event.time = known ? Event::Time::known : Event::Time::bad;
  source.fraction = nullptr;
}

bool Decoder::read_amounts(const Event &event, Source &source, const element *fields, const Path &path) {
  const bool is_usage = event.type == EventType::track && !is_reserved(event.event.view());
  object members;
  if (!is_usage || fields->get(members) != simdjson::SUCCESS) return true;
  return sums_.read(members, event.count, [&] { return raw_at(source.text(), path); });
}

void Decoder::finish(Event &event, Source &source, const element *fields, const Path &path) {
  const bool is_of_user = event.type == EventType::track || event.type == EventType::identify;
  // No user has a name that is refused.
  event.account_by_user = options_.remember_account && is_of_user && event.account.is_empty() && event.user.is_text() &&
                          event.user.length <= name_limit && !event.user.holds_nul();
  const bool adds = !sums_.is_empty() && fields != nullptr;
  if (adds && !read_amounts(event, source, fields, path)) event.bad_type = true;
  if (source.fraction != nullptr) read_fraction(source, event);
  const Rows::Outcome outcome = rows_.add(event);
  if (adds && outcome == Rows::Outcome::usage) {
    for (const Amount &amount : sums_.amounts()) rows_.add_amount(amount.property, amount.micros);
  }
  object members;
  if (outcome == Rows::Outcome::usage && !filters_.is_empty() && fields != nullptr &&
      fields->get(members) == simdjson::SUCCESS) {
    rows_.set_matches(filters_.match(members, [&] { return raw_at(source.text(), path); }));
  }
  if (outcome != Rows::Outcome::record && outcome != Rows::Outcome::doubted) return;
  const char *const raw = source.text();
  rows_.begin_record(event.type, source.line);
  if (fields == nullptr || fields->get(members) != simdjson::SUCCESS) return;
  if (const char *brace = raw_at(raw, path)) add_fields(members, brace);
}

/// Scalars as they are; numbers as they were written, from the text, whose members come in the same order.
void Decoder::add_fields(object fields, const char *brace) {
  RawObject raw(brace);
  for (auto member = fields.begin(), end = fields.end(); member != end && raw.next(); ++member) {
    const element value = member.value();
    std::string_view text;
    ks_scalar_kind kind = ks_scalar_nested;
    bool truth = false;
    switch (value.type()) {
      case simdjson::dom::element_type::NULL_VALUE: kind = ks_scalar_null; break;
      case simdjson::dom::element_type::BOOL:
        if (value.get(truth) == simdjson::SUCCESS) kind = truth ? ks_scalar_true : ks_scalar_false;
        break;
      case simdjson::dom::element_type::STRING:
        if (value.get(text) == simdjson::SUCCESS) kind = ks_scalar_string;
        break;
      case simdjson::dom::element_type::INT64:
      case simdjson::dom::element_type::UINT64:
      case simdjson::dom::element_type::DOUBLE:
        kind = ks_scalar_number;
        text = raw_value(raw.value());
        break;
      default: break;
    }
    rows_.add_record_field(member.key(), kind, text);
  }
}

void Decoder::decode_line(std::string_view line, bool padded) {
  if (line.size() > line_limit) {
    rows_.refuse(Reason::oversize);
    return;
  }
  if (!padded) {
    tail_.assign(line.data(), line.size());
    tail_.append(simdjson::SIMDJSON_PADDING, '\0');
    line = std::string_view(tail_.data(), line.size());
  }
  element root;
  std::string_view text = line;
  const Reason reason = options_.nan_is_null ? parser_.parse_without_nan(text, root) : parser_.parse(text, root);
  if (reason != Reason::none) {
    rows_.refuse(reason);
  } else if (options_.dialect == ks_dialect_kizashi) {
    decode_event_line(root, line);
  } else {
    decode_mapped_line(root, text, line);
  }
}

const ks_rows *Decoder::decode(std::string_view chunk, bool at_stream_start, int64_t received) {
  rows_.clear();
  received_ = received;
  const char *p = chunk.data();
  const char *const end = p + chunk.size();
  if (at_stream_start && chunk.compare(0, 3, "\xEF\xBB\xBF") == 0) p += 3;
  while (p < end) {
    const char *feed = static_cast<const char *>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
    const char *next = feed == nullptr ? end : feed + 1;
    const char *stop = feed == nullptr ? end : feed;
    if (stop > p && stop[-1] == '\r') stop--;
    const std::string_view line(p, static_cast<size_t>(stop - p));
    if (!is_blank(line)) {
      rows_.begin_line(static_cast<size_t>(p - chunk.data()), line.size());
      decode_line(line, static_cast<size_t>(end - stop) >= simdjson::SIMDJSON_PADDING);
    }
    p = next;
  }
  return rows_.view();
}

}  // namespace kizashi

struct ks_decoder {
  kizashi::Decoder decoder;
};

namespace {

std::string_view view_of(const char *text, size_t length) {
  return text == nullptr ? std::string_view("", 0) : std::string_view(text, length);
}

}  // namespace

extern "C" {

ks_decoder *ks_decoder_create(ks_options options) noexcept { return new ks_decoder{kizashi::Decoder(options)}; }

void ks_decoder_destroy(ks_decoder *decoder) noexcept { delete decoder; }

void ks_decoder_map(ks_decoder *decoder, ks_field_name field, ks_source_kind kind, const char *text, size_t length,
                    size_t index) noexcept {
  decoder->decoder.mapping.set(field, kind, view_of(text, length), index);
}

void ks_decoder_map_pointer(ks_decoder *decoder, ks_field_name field, const char *pointer, size_t length) noexcept {
  decoder->decoder.mapping.add_pointer(field, view_of(pointer, length));
}

void ks_decoder_unwrap(ks_decoder *decoder, const char *pointer, size_t length) noexcept {
  decoder->decoder.set_unwrap(view_of(pointer, length));
}

void ks_decoder_group_type(ks_decoder *decoder, const char *name, size_t length) noexcept {
  decoder->decoder.group_type = std::string(view_of(name, length));
}

void ks_decoder_filter(ks_decoder *decoder, const char *property, size_t property_length, const char *value,
                       size_t value_length) noexcept {
  decoder->decoder.add_filter(view_of(property, property_length), view_of(value, value_length));
}

void ks_decoder_sum(ks_decoder *decoder, const char *property, size_t length) noexcept {
  decoder->decoder.add_sum(view_of(property, length));
}

void ks_decoder_add_transition(ks_decoder *decoder, int64_t since, int32_t offset) noexcept {
  decoder->decoder.zone.push_back({since, offset});
}

const ks_rows *ks_decode(ks_decoder *decoder, const uint8_t *bytes, size_t count, bool at_stream_start,
                         int64_t received_milliseconds) noexcept {
  return decoder->decoder.decode(view_of(reinterpret_cast<const char *>(bytes), count), at_stream_start,
                                 received_milliseconds);
}

}  // extern "C"
