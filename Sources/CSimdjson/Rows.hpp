#pragma once

#include "CSimdjson.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace kizashi {

/// RowKind's raw values.
enum class Kind : uint8_t { usage = 0, record, heartbeat, refused, ignored };

/// RefusalReason's raw values: those a decoder gives.
enum class Reason : uint8_t {
  none = 0,
  oversize,
  not_utf8,
  bad_json,
  not_object,
  missing_field,
  bad_type,
  bad_timestamp,
  too_long,
  too_many = 13,
};

/// Most bytes of an id, account, user or event.
constexpr size_t name_limit = 256;

/// A line that claims more events than this is a mistake: the engine's bound.
constexpr int64_t count_limit = int64_t{1} << 40;

/// One of the four names of an event, as the line gave it.
struct Name {
  enum class State : uint8_t { absent, text, bad };
  State state = State::absent;
  size_t length = 0;
  const char *data = nullptr;
  char digits[20];

  Name() {}
  // `data` may point into `digits`.
  Name(const Name &) = delete;
  Name &operator=(const Name &) = delete;

  void set(std::string_view text) {
    state = State::text;
    data = text.data();
    length = text.size();
  }
  void set_integer(uint64_t magnitude, bool negative) {
    char *p = digits + sizeof digits;
    do *--p = static_cast<char>('0' + magnitude % 10);
    while ((magnitude /= 10) != 0);
    if (negative) *--p = '-';
    set(std::string_view(p, static_cast<size_t>(digits + sizeof digits - p)));
  }
  /// Nothing was said: missing, null or "".
  bool is_empty() const { return state != State::bad && length == 0; }
  bool is_text() const { return state == State::text && length > 0; }
  std::string_view view() const { return std::string_view(data, length); }
  bool holds_nul() const { return length > 0 && std::memchr(data, 0, length) != nullptr; }
};

enum class EventType : uint8_t { track, identify, group, heartbeat, ignored, unknown };

EventType event_type_of(std::string_view name);

/// Whether an event name is one of those that carry facts beside usage.
bool is_reserved(std::string_view event);

/// An event as found in a line, before it is judged.
struct Event {
  enum class Time : uint8_t { absent, known, bad_type, bad };
  Name id, account, user, event;
  EventType type = EventType::track;
  Time time = Time::absent;
  /// A count, properties or traits of the wrong type.
  bool bad_type = false;
  int64_t milliseconds = 0;
  int64_t count = 1;
  size_t id_limit = name_limit;
  /// It names no account, and the engine may know one for its user.
  bool account_by_user = false;
};

/// The growing columns of one chunk.
class Rows {
 public:
  /// `doubted`: refused, and what the event's properties say may be a reason that comes before.
  enum class Outcome { none, usage, record, doubted };

  void clear();
  void begin_line(size_t offset, size_t length);
  size_t rows_of_line() const { return rows_ - line_start_; }
  void refuse(Reason reason);
  void ignore() { add_bare(Kind::ignored); }
  /// What the event is refused for by itself.
  Reason refusal(const Event &event) const;
  /// Judges the event and appends its row. `record`, `doubted`: the caller goes on with `begin_record`.
  Outcome add(const Event &event);

  /// From now on rows say which filters they match: none, unless told.
  void keep_matches() { keeps_matches_ = true; }
  /// Which filters the row added last matches.
  void set_matches(uint64_t matches) { matches_[rows_ - 1] = matches; }

  /// What the row added last adds to a property.
  void add_amount(uint32_t property, int64_t micros) {
    amounts_.push_back({static_cast<uint32_t>(rows_ - 1), property, micros});
  }

  /// Describes the row added last.
  void begin_record(EventType type, std::string_view line);
  void add_record_field(std::string_view name, ks_scalar_kind kind, std::string_view value);

  const ks_rows *view();

 private:
  void add_bare(Kind kind);
  void grow();
  void keep_user(const Event &event, Reason reason);
  ks_range copy(const Name &name);
  ks_range copy_for_record(std::string_view text);

  // One capacity for all columns, so that a row asks once whether there is room.
  size_t rows_ = 0, line_start_ = 0, capacity_ = 0;
  std::vector<uint8_t> kind_;
  std::vector<int64_t> instant_, count_;
  std::vector<ks_range> account_, user_, event_, id_;
  std::vector<uint32_t> line_;
  bool keeps_matches_ = false;
  std::vector<uint64_t> matches_;
  std::vector<ks_amount> amounts_;

  size_t text_used_ = 0;
  std::vector<uint8_t> text_;

  std::vector<ks_range> lines_;
  std::vector<ks_refusal> refusals_;
  std::vector<ks_record> records_;
  std::vector<ks_record_field> record_fields_;
  std::vector<uint8_t> record_text_;
  ks_rows view_{};
};

}  // namespace kizashi
