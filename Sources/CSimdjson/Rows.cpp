#include "Rows.hpp"

#include <algorithm>
#include <limits>

namespace kizashi {
namespace {

/// The most text one row can add: three names and an id derived from two.
constexpr size_t row_text = 5 * name_limit + 64;

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

EventType event_type_of(std::string_view name) {
  if (name == "track") return EventType::track;
  if (name == "identify") return EventType::identify;
  if (name == "group") return EventType::group;
  if (name == "heartbeat") return EventType::heartbeat;
  return EventType::unknown;
}

bool is_reserved(std::string_view event) {
  switch (event.empty() ? '\0' : event[0]) {
    case 'a': return starts_with(event, "action.");
    case 'c': return starts_with(event, "contract.");
    case 'o': return starts_with(event, "override.");
    case 's': return starts_with(event, "survey.") || starts_with(event, "sentiment.");
    case 't': return starts_with(event, "touch.");
    default: return false;
  }
}

void Rows::clear() {
  rows_ = 0;
  text_used_ = 0;
  std::fill(matches_.begin(), matches_.end(), 0);
  amounts_.clear();
  lines_.clear();
  refusals_.clear();
  records_.clear();
  record_fields_.clear();
  record_text_.clear();
}

void Rows::begin_line(size_t offset, size_t length) {
  lines_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(length)});
  line_start_ = rows_;
}

void Rows::grow() {
  capacity_ = capacity_ == 0 ? 1024 : capacity_ * 2;
  kind_.resize(capacity_);
  instant_.resize(capacity_);
  count_.resize(capacity_);
  account_.resize(capacity_);
  user_.resize(capacity_);
  event_.resize(capacity_);
  id_.resize(capacity_);
  line_.resize(capacity_);
  if (keeps_matches_) matches_.resize(capacity_);
}

void Rows::add_bare(Kind kind) {
  if (rows_ == capacity_) grow();
  kind_[rows_] = static_cast<uint8_t>(kind);
  instant_[rows_] = 0;
  count_[rows_] = 1;
  account_[rows_] = user_[rows_] = event_[rows_] = id_[rows_] = {0, 0};
  line_[rows_] = static_cast<uint32_t>(lines_.size() - 1);
  rows_++;
}

void Rows::refuse(Reason reason) {
  refusals_.push_back({static_cast<uint32_t>(rows_), static_cast<uint8_t>(reason)});
  add_bare(Kind::refused);
}

ks_range Rows::copy(const Name &name) {
  if (name.length == 0) return {0, 0};
  const ks_range range{static_cast<uint32_t>(text_used_), static_cast<uint32_t>(name.length)};
  std::memcpy(text_.data() + text_used_, name.data, name.length);
  text_used_ += name.length;
  return range;
}

/// The first reason in the order of the checks, which is part of what users see. U+0000 is looked for here only where
/// another reason would win over it: `add` finds it in the copied text at once.
Reason Rows::refusal(const Event &e) const {
  const bool is_track = e.type == EventType::track;
  if (e.time == Event::Time::absent) return Reason::missing_field;
  if ((is_track || e.type == EventType::group) && e.account.is_empty() && !e.account_by_user) {
    return Reason::missing_field;
  }
  if (is_track && e.event.is_empty()) return Reason::missing_field;

  if (e.type == EventType::unknown || e.bad_type || e.time == Event::Time::bad_type) return Reason::bad_type;
  if (e.count > count_limit && e.type != EventType::heartbeat) return Reason::bad_type;
  using State = Name::State;
  if (e.id.state == State::bad || e.account.state == State::bad || e.user.state == State::bad ||
      e.event.state == State::bad) {
    return Reason::bad_type;
  }
  const bool is_long = e.id.length > e.id_limit || e.account.length > name_limit || e.user.length > name_limit ||
                       e.event.length > name_limit;
  if (e.time != Event::Time::bad && !is_long) return Reason::none;
  for (const Name *name : {&e.id, &e.account, &e.user, &e.event}) {
    if (name->holds_nul()) return Reason::bad_type;
  }
  return e.time == Event::Time::bad ? Reason::bad_timestamp : Reason::too_long;
}

/// If nobody knows an account for the user of the row just refused, then that was wrong with it first.
void Rows::keep_user(const Event &event, Reason reason) {
  const bool is_first = reason == Reason::missing_field || reason == Reason::too_many;
  if (event.account_by_user && event.type == EventType::track && !is_first) user_[rows_ - 1] = copy(event.user);
}

Rows::Outcome Rows::add(const Event &event) {
  if (event.type == EventType::ignored) {
    ignore();
    return Outcome::none;
  }
  Reason reason = refusal(event);
  if (text_used_ + row_text > text_.size()) {
    // Offsets are 32 bits wide. A chunk can only get there through arrays of accounts and mapped constants.
    if (text_used_ + row_text > std::numeric_limits<uint32_t>::max()) {
      if (reason == Reason::none) reason = Reason::too_many;
    } else {
      text_.resize(text_.empty() ? 64 * 1024 : text_.size() * 2);
    }
  }
  if (reason != Reason::none) {
    refuse(reason);
    keep_user(event, reason);
    const bool is_late = reason == Reason::bad_timestamp || reason == Reason::too_long;
    if (!is_late || event.type != EventType::track || event.event.view() != "override.set") return Outcome::none;
    event_[rows_ - 1] = copy(event.event);
    return Outcome::doubted;
  }

  if (rows_ == capacity_) grow();
  const size_t row = rows_;
  const size_t mark = text_used_;
  account_[row] = copy(event.account);
  user_[row] = copy(event.user);
  event_[row] = copy(event.event);
  id_[row] = copy(event.id);
  if (std::memchr(text_.data() + mark, 0, text_used_ - mark) != nullptr) {
    text_used_ = mark;
    refuse(Reason::bad_type);
    keep_user(event, Reason::bad_type);
    return Outcome::none;
  }
  rows_++;
  instant_[row] = event.milliseconds;
  line_[row] = static_cast<uint32_t>(lines_.size() - 1);
  if (event.type == EventType::heartbeat) {
    kind_[row] = static_cast<uint8_t>(Kind::heartbeat);
    count_[row] = 1;
    account_[row] = user_[row] = event_[row] = id_[row] = {0, 0};
    text_used_ = mark;
    return Outcome::none;
  }
  const bool is_track = event.type == EventType::track;
  const bool is_usage = is_track && !is_reserved(event.event.view());
  kind_[row] = static_cast<uint8_t>(is_usage ? Kind::usage : Kind::record);
  count_[row] = event.count;
  if (!is_track) event_[row] = {0, 0};
  return is_usage ? Outcome::usage : Outcome::record;
}

ks_range Rows::copy_for_record(std::string_view text) {
  const ks_range range{static_cast<uint32_t>(record_text_.size()), static_cast<uint32_t>(text.size())};
  record_text_.insert(record_text_.end(), text.begin(), text.end());
  return range;
}

void Rows::begin_record(EventType type, std::string_view line) {
  const uint8_t kind = type == EventType::identify ? 1 : type == EventType::group ? 2 : 0;
  records_.push_back({static_cast<uint32_t>(rows_ - 1), kind, copy_for_record(line),
                      static_cast<uint32_t>(record_fields_.size()), 0});
}

void Rows::add_record_field(std::string_view name, ks_scalar_kind kind, std::string_view value) {
  const ks_range name_range = copy_for_record(name);
  record_fields_.push_back({name_range, copy_for_record(value), static_cast<uint8_t>(kind)});
  records_.back().field_count++;
}

const ks_rows *Rows::view() {
  view_ = {rows_,         kind_.data(),     instant_.data(),  count_.data(),   account_.data(),
           user_.data(),  event_.data(),    id_.data(),       line_.data(),
           keeps_matches_ ? matches_.data() : nullptr,     lines_.size(),
           lines_.data(), text_used_,       text_.data(),     refusals_.size(), refusals_.data(),
           records_.size(), records_.data(), record_fields_.data(), record_text_.data(),
           amounts_.size(), amounts_.data()};
  return &view_;
}

}  // namespace kizashi
