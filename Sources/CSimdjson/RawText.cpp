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

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '.';
}

/// The length of a non-number token at `i`, which is outside strings; 0: there is none.
size_t nan_length(std::string_view text, size_t i) {
  static constexpr std::string_view tokens[] = {"NaN", "Infinity", "-Infinity"};
  if (i > 0 && (is_word(text[i - 1]) || text[i - 1] == '-')) return 0;
  for (std::string_view token : tokens) {
    if (text.compare(i, token.size(), token) != 0) continue;
    const size_t end = i + token.size();
    if (end == text.size() || !is_word(text[end])) return token.size();
  }
  return 0;
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

bool without_nan(std::string_view text, std::string &copy) {
  // Most broken lines hold neither word: they are not worth a second look.
  if (text.find("NaN") == std::string_view::npos && text.find("Infinity") == std::string_view::npos) return false;
  // "NaN" grows by a third, nothing grows by more.
  copy.resize(text.size() + text.size() / 3 + 1);
  char *out = copy.data();
  bool changed = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      const size_t start = i++;
      while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
      i = std::min(i + 1, text.size());
      std::memcpy(out, text.data() + start, i - start);
      out += i - start;
      continue;
    }
    const size_t length = c == 'N' || c == 'I' || c == '-' ? nan_length(text, i) : 0;
    if (length > 0) {
      std::memcpy(out, "null", 4);
      out += 4;
      i += length;
      changed = true;
    } else {
      *out++ = c;
      i++;
    }
  }
  copy.resize(static_cast<size_t>(out - copy.data()));
  return changed;
}

}  // namespace kizashi
