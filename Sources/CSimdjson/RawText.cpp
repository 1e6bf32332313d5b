#include "RawText.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace kizashi {
namespace {

/// From the opening quote to the byte behind the closing one.
const char *skip_string(const char *p) {
  for (p++; *p != '"'; p++) {
    if (*p == '\\') p++;
  }
  return p + 1;
}

/// A number or a word holds nothing up to the space.
inline bool ends_scalar(char c) { return c == ',' || c == ']' || c == '}' || static_cast<unsigned char>(c) <= ' '; }

uint32_t hex4(const char *p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const char c = p[i];
    value = value * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void append_utf8(uint32_t scalar, std::string &text) {
  if (scalar < 0x80) {
    text.push_back(static_cast<char>(scalar));
    return;
  }
  if (scalar < 0x800) {
    text.push_back(static_cast<char>(0xC0 | scalar >> 6));
  } else {
    if (scalar < 0x10000) {
      text.push_back(static_cast<char>(0xE0 | scalar >> 12));
    } else {
      text.push_back(static_cast<char>(0xF0 | scalar >> 18));
      text.push_back(static_cast<char>(0x80 | (scalar >> 12 & 0x3F)));
    }
    text.push_back(static_cast<char>(0x80 | (scalar >> 6 & 0x3F)));
  }
  text.push_back(static_cast<char>(0x80 | (scalar & 0x3F)));
}

std::string unescaped(std::string_view raw) {
  std::string text;
  for (size_t i = 0; i < raw.size(); i++) {
    if (raw[i] != '\\') {
      text.push_back(raw[i]);
      continue;
    }
    const char c = raw[++i];
    switch (c) {
      case 'b': text.push_back('\b'); break;
      case 'f': text.push_back('\f'); break;
      case 'n': text.push_back('\n'); break;
      case 'r': text.push_back('\r'); break;
      case 't': text.push_back('\t'); break;
      case 'u': {
        uint32_t scalar = hex4(raw.data() + i + 1);
        i += 4;
        if (scalar >= 0xD800 && scalar < 0xDC00) {
          scalar = 0x10000 + ((scalar - 0xD800) << 10) + (hex4(raw.data() + i + 3) - 0xDC00);
          i += 6;
        }
        append_utf8(scalar, text);
        break;
      }
      default: text.push_back(c);
    }
  }
  return text;
}

inline bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '.';
}

/// The length of a non-number at `at`, where a token begins; 0: there is none. The text's padding may be read.
inline size_t nan_length(std::string_view text, size_t at) {
  const char *const p = text.data() + at;
  size_t length = 0;
  if (*p == 'N') {
    if (std::memcmp(p, "NaN", 3) == 0) length = 3;
  } else if (*p == 'I') {
    if (std::memcmp(p, "Infinity", 8) == 0) length = 8;
  } else if (*p == '-') {
    if (std::memcmp(p, "-Infinity", 9) == 0) length = 9;
  }
  if (length == 0 || (at > 0 && (is_word(p[-1]) || p[-1] == '-'))) return 0;
  return at + length == text.size() || !is_word(p[length]) ? length : 0;
}

}  // namespace

bool path_of_pointer(std::string_view pointer, Path &path) {
  path.clear();
  if (pointer.empty()) return true;
  if (pointer[0] != '/') return false;
  for (size_t i = 0; i < pointer.size(); i++) {
    if (pointer[i] == '/') {
      path.emplace_back();
    } else if (pointer[i] != '~') {
      path.back().push_back(pointer[i]);
    } else if (++i < pointer.size() && (pointer[i] == '0' || pointer[i] == '1')) {
      path.back().push_back(pointer[i] == '0' ? '~' : '/');
    } else {
      return false;
    }
  }
  return true;
}

bool index_of_token(std::string_view token, size_t &index) {
  if (token.empty() || token.size() > 9 || (token[0] == '0' && token.size() > 1)) return false;
  index = 0;
  for (char c : token) {
    if (c < '0' || c > '9') return false;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  return true;
}

const char *skip_space(const char *p) {
  while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
  return p;
}

const char *skip_value(const char *p) {
  if (*p == '"') return skip_string(p);
  if (*p != '{' && *p != '[') {
    while (!ends_scalar(*p)) p++;
    return p;
  }
  size_t depth = 0;
  for (;;) {
    switch (*p) {
      case '"': p = skip_string(p); continue;
      case '{':
      case '[': depth++; break;
      case '}':
      case ']':
        if (--depth == 0) return p + 1;
        break;
      default: break;
    }
    p++;
  }
}

std::string_view raw_value(const char *p) { return std::string_view(p, static_cast<size_t>(skip_value(p) - p)); }

bool RawObject::next() {
  if (*next_ == ',') next_ = skip_space(next_ + 1);
  if (*next_ == '}') return false;
  const char *const end = skip_string(next_);
  key_ = std::string_view(next_ + 1, static_cast<size_t>(end - next_) - 2);
  value_ = skip_space(skip_space(end) + 1);
  next_ = skip_space(skip_value(value_));
  return true;
}

bool RawObject::key_is(std::string_view name) const {
  if (key_.find('\\') == std::string_view::npos) return key_ == name;
  return unescaped(key_) == name;
}

const char *RawArray::element(size_t index) {
  for (; index_ < index; index_++) {
    at_ = skip_space(skip_value(at_));
    at_ = skip_space(at_ + 1);
  }
  return at_;
}

const char *raw_member(const char *brace, std::string_view name) {
  const char *found = nullptr;
  for (RawObject object(brace); object.next();) {
    if (object.key_is(name)) found = object.value();
  }
  return found;
}

const char *raw_at(const char *p, const Path &path) {
  p = skip_space(p);
  for (const std::string &token : path) {
    if (*p == '{') {
      p = raw_member(p, token);
      if (p == nullptr) return nullptr;
    } else if (*p == '[') {
      size_t index;
      if (!index_of_token(token, index)) return nullptr;
      p = RawArray(p).element(index);
    } else {
      return nullptr;
    }
  }
  return p;
}

bool without_nan(std::string_view text, const uint32_t *starts, size_t count, std::string &copy) {
  // Most broken lines hold neither letter: they are not worth a second look.
  if (text.find('N') == std::string_view::npos && text.find('I') == std::string_view::npos) return false;
  constexpr size_t at_once = 16;
  size_t copied = 0;
  char *out = nullptr;
  for (size_t i = 0; i < count; i++) {
    const size_t at = starts[i];
    const size_t length = nan_length(text, at);
    if (length == 0) continue;
    if (out == nullptr) {
      // "NaN" grows by a third, nothing grows by more.
      copy.resize(text.size() + text.size() / 3 + at_once);
      out = copy.data();
    }
    const size_t between = at - copied;
    if (between <= at_once && copied + at_once <= text.size()) {
      // A line may hold a quarter of a million, with a comma between them.
      std::memcpy(out, text.data() + copied, at_once);
    } else {
      std::memcpy(out, text.data() + copied, between);
    }
    out += between;
    std::memcpy(out, "null", 4);
    out += 4;
    copied = at + length;
  }
  if (out == nullptr) return false;
  std::memcpy(out, text.data() + copied, text.size() - copied);
  copy.resize(static_cast<size_t>(out - copy.data()) + text.size() - copied);
  return true;
}

}  // namespace kizashi
