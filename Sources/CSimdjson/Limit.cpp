#include "CSimdjson.h"

#include <simdjson.h>

#include <cstring>

using namespace simdjson;

namespace {

inline bool is(const char *key, const char *name, size_t length) { return std::memcmp(key, name, length) == 0; }

/// Which of the five fields a key is, as a bit; 0: none of them.
inline unsigned wanted(const char *key, size_t length) {
  switch (length) {
    case 2: return is(key, "id", 2) ? 1 : 0;
    case 4: return is(key, "user", 4) ? 2 : 0;
    case 5: return is(key, "event", 5) ? 4 : 0;
    case 7: return is(key, "account", 7) ? 8 : 0;
    case 9: return is(key, "timestamp", 9) ? 16 : 0;
    default: return 0;
  }
}

/// Looks no further than the fifth field.
void extract(ondemand::object object, uint64_t &checksum) {
  unsigned seen = 0;
  for (auto member : object) {
    ondemand::field field;
    if (std::move(member).get(field) != SUCCESS) return;
    const char *const key = field.key().raw();
    const char *const end = static_cast<const char *>(std::memchr(key, '"', 16));
    const unsigned bit = end == nullptr ? 0 : wanted(key, static_cast<size_t>(end - key));
    if (bit == 0) continue;
    std::string_view text;
    if (field.value().get_string().get(text) != SUCCESS) return;
    checksum += text.size() + (text.empty() ? 0 : static_cast<unsigned char>(text[0]));
    seen |= bit;
    if (seen == 31) return;
  }
}

/// Calls `extract(line, length)` for each line; gives their number.
template <typename Extract>
size_t for_each_line(const uint8_t *bytes, size_t count, Extract extract) {
  const char *p = reinterpret_cast<const char *>(bytes);
  const char *const end = p + count;
  size_t lines = 0;
  while (p < end) {
    const char *feed = static_cast<const char *>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
    if (feed == nullptr) feed = end;
    extract(p, static_cast<size_t>(feed - p));
    lines++;
    p = feed + 1;
  }
  return lines;
}

}  // namespace

extern "C" size_t ks_padding(void) noexcept { return SIMDJSON_PADDING; }

// On-Demand, line by line: on lines of this size as fast as iterate_many, and a bad line costs only itself.
extern "C" size_t ks_extract_limit(const uint8_t *bytes, size_t count, uint64_t *checksum) noexcept {
  ondemand::parser parser;
  *checksum = 0;
  return for_each_line(bytes, count, [&](const char *line, size_t length) {
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(line, length, length + SIMDJSON_PADDING).get(document) == SUCCESS &&
        document.get_object().get(object) == SUCCESS) {
      extract(object, *checksum);
    }
  });
}

// With the DOM parser, which alone validates a whole line, and so what decoding has to be measured against.
extern "C" size_t ks_validate_limit(const uint8_t *bytes, size_t count, uint64_t *checksum) noexcept {
  static const char *const names[] = {"timestamp", "id", "account", "user", "event"};
  dom::parser parser;
  *checksum = 0;
  return for_each_line(bytes, count, [&](const char *line, size_t length) {
    dom::element element;
    if (parser.parse(line, length, false).get(element) != SUCCESS) return;
    for (const char *name : names) {
      std::string_view text;
      if (element[name].get_string().get(text) != SUCCESS) continue;
      *checksum += text.size() + (text.empty() ? 0 : static_cast<unsigned char>(text[0]));
    }
  });
}
