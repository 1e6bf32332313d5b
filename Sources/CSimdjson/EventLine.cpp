#include "Decoder.hpp"

using simdjson::dom::element_type;

namespace kizashi {
namespace {

/// The members of an event line that mean something.
enum Member : unsigned {
  m_timestamp,
  m_account,
  m_event,
  m_user,
  m_id,
  m_count,
  m_type,
  m_properties,
  m_traits,
  m_message_id,
  m_user_id,
  m_group_id,
  m_context,
  m_none,
};

inline bool is(const char *key, const char *name, size_t length) { return std::memcmp(key, name, length) == 0; }

/// Told apart by length first: almost every key of a line costs one comparison.
inline Member member_of(const char *key, uint32_t length) {
  switch (length) {
    case 2: return is(key, "id", 2) ? m_id : m_none;
    case 4: return is(key, "user", 4) ? m_user : is(key, "type", 4) ? m_type : m_none;
    case 5: return is(key, "event", 5) ? m_event : is(key, "count", 5) ? m_count : m_none;
    case 6: return is(key, "userId", 6) ? m_user_id : is(key, "traits", 6) ? m_traits : m_none;
    case 7:
      return is(key, "account", 7)   ? m_account
             : is(key, "groupId", 7) ? m_group_id
             : is(key, "context", 7) ? m_context
                                     : m_none;
    case 9: return is(key, "timestamp", 9) ? m_timestamp : is(key, "messageId", 9) ? m_message_id : m_none;
    case 10: return is(key, "properties", 10) ? m_properties : m_none;
    default: return m_none;
  }
}

class Members {
 public:
  explicit Members(simdjson::dom::object line) {
    for (auto member = line.begin(), end = line.end(); member != end; ++member) {
      const Member which = member_of(member.key_c_str(), member.key_length());
      if (which == m_none) continue;
      values_[which] = member.value();
      present_ |= 1U << which;
    }
  }
  /// There and not null.
  bool has(Member which) const { return (present_ >> which & 1) != 0 && !values_[which].is_null(); }
  const simdjson::dom::element &operator[](Member which) const { return values_[which]; }

 private:
  simdjson::dom::element values_[m_none];
  unsigned present_ = 0;
};

void read_account(const Members &members, Name &account) {
  if (members.has(m_account)) return read_name(members[m_account], true, account);
  if (members.has(m_group_id)) return read_name(members[m_group_id], true, account);
  simdjson::dom::object context;
  simdjson::dom::element group;
  if (!members.has(m_context) || members[m_context].get(context) != simdjson::SUCCESS) return;
  if (last_member(context, "groupId", group)) read_name(group, true, account);
}

/// A positive integer, or a wrong type.
void read_count(simdjson::dom::element value, Event &event) {
  if (value.get(event.count) != simdjson::SUCCESS || event.count < 1) event.bad_type = true;
}

}  // namespace

void Decoder::read_time(element value, const Path &path, Source &source, Event &event) const {
  bool known = false;
  switch (value.type()) {
    case element_type::STRING: {
      std::string_view text;
      known = value.get(text) == simdjson::SUCCESS && instant_of_string(text, zone, event.milliseconds);
      break;
    }
    case element_type::INT64: {
      int64_t number = 0;
      known = value.get(number) == simdjson::SUCCESS;
      const uint64_t magnitude = static_cast<uint64_t>(number);
      known = known && instant_of_integer(number < 0 ? 0 - magnitude : magnitude, number < 0, event.milliseconds);
      break;
    }
    case element_type::UINT64: {
      uint64_t number = 0;
      known = value.get(number) == simdjson::SUCCESS && instant_of_integer(number, false, event.milliseconds);
      break;
    }
    case element_type::DOUBLE:
      source.fraction = &path;
      known = true;
      break;
    case element_type::NULL_VALUE: event.time = Event::Time::absent; return;
    default: event.time = Event::Time::bad_type; return;
  }
  event.time = known ? Event::Time::known : Event::Time::bad;
}

void Decoder::decode_event_line(element root, std::string_view line) {
  object event_line;
  if (root.get(event_line) != simdjson::SUCCESS) return rows_.refuse(Reason::not_object);
  Source source{root, line.data(), line};
  const Members members(event_line);
  static const Path timestamp{"timestamp"}, properties{"properties"}, traits{"traits"};

  Event event;
  if (members.has(m_timestamp)) {
    read_time(members[m_timestamp], timestamp, source, event);
  } else if (options_.receive_time_if_missing) {
    event.milliseconds = received_;
    event.time = Event::Time::known;
  }
  read_account(members, event.account);
  if (members.has(m_event)) read_name(members[m_event], false, event.event);
  if (members.has(m_user)) {
    read_name(members[m_user], true, event.user);
  } else if (members.has(m_user_id)) {
    read_name(members[m_user_id], true, event.user);
  }
  if (members.has(m_id)) {
    read_name(members[m_id], true, event.id);
  } else if (members.has(m_message_id)) {
    read_name(members[m_message_id], true, event.id);
  }
  if (members.has(m_count)) read_count(members[m_count], event);
  if (members.has(m_type)) {
    std::string_view type;
    event.type = members[m_type].get(type) == simdjson::SUCCESS ? event_type_of(type) : EventType::unknown;
  }
  for (Member which : {m_properties, m_traits}) {
    if (members.has(which) && !members[which].is_object()) event.bad_type = true;
  }

  const Member which = event.type == EventType::track ? m_properties : m_traits;
  const element *fields = members.has(which) ? &members[which] : nullptr;
  finish(event, source, fields, which == m_properties ? properties : traits);
}

}  // namespace kizashi
