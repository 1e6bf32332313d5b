#include "Decoder.hpp"

using simdjson::dom::element_type;

namespace kizashi {

void Decoder::decode_mapped_line(element root, std::string_view text, std::string_view line) {
  if (unwraps_) return decode_wrapped(root, text, line);
  const char *const raw = skip_space(text.data());
  simdjson::dom::array events;
  if (root.get(events) == simdjson::SUCCESS) {
    if (!options_.array_envelope) return rows_.refuse(Reason::not_object);
    return decode_envelope(events, raw, {});
  }
  object envelope;
  if (root.get(envelope) != simdjson::SUCCESS) return rows_.refuse(Reason::not_object);
  element batch;
  if (options_.batch_envelope && last_member(envelope, "batch", batch) && !batch.is_null()) {
    if (batch.get(events) != simdjson::SUCCESS) return rows_.refuse(Reason::bad_type);
    return decode_envelope(events, raw, "batch");
  }
  Source source{root, raw, line};
  decode_mapped(source);
}

/// One row at least: a line without events is counted too.
void Decoder::decode_envelope(simdjson::dom::array events, const char *text, std::string_view member) {
  if (events.size() > rows_per_line_limit) return rows_.refuse(Reason::too_many);
  RawArray raw(member.empty() ? text : raw_member(text, member));
  size_t index = 0;
  for (element event : events) {
    if (event.is_object()) {
      Source source;
      source.value = event;
      source.envelope = &raw;
      source.index = index;
      decode_mapped(source);
    } else {
      rows_.refuse(Reason::not_object);
    }
    index++;
  }
  if (index == 0) rows_.ignore();
}

void Decoder::decode_wrapped(element root, std::string_view text, std::string_view line) {
  if (!root.is_object()) return rows_.refuse(Reason::not_object);
  element event;
  if (!unwrap_is_pointer_ || !value_at(root, unwrap_, event) || event.is_null()) {
    return rows_.refuse(Reason::missing_field);
  }
  const char *raw = nullptr;
  std::string_view wrapped;
  if (event.get(wrapped) == simdjson::SUCCESS) {
    const size_t length = wrapped.size();
    unwrapped_.assign(wrapped.data(), length);
    unwrapped_.append(simdjson::SIMDJSON_PADDING, '\0');
    std::string_view inner(unwrapped_.data(), length);
    const Reason reason = inner_parser_.parse_without_nan(inner, event);
    if (reason != Reason::none) return rows_.refuse(reason);
    raw = skip_space(inner.data());
  } else {
    raw = raw_at(text.data(), unwrap_);
  }
  if (!event.is_object()) return rows_.refuse(Reason::not_object);
  Source source{event, raw, line};
  decode_mapped(source);
}

/// Sets the event's type and name. False: `page` or `screen`, whose name the type has given.
bool Decoder::classify_segment(Event &event) {
  Name type;
  mapping.read(ks_field_type, false, type);
  if (type.state == Name::State::absent) return true;
  const std::string_view name = type.state == Name::State::text ? type.view() : std::string_view();
  event.type = event_type_of(name);
  if (name == "alias") event.type = EventType::ignored;
  if (name != "page" && name != "screen") return true;
  event.type = EventType::track;
  event.event.set(name == "page" ? "page.viewed" : "screen.viewed");
  return false;
}

void Decoder::classify_posthog(Event &event) {
  if (event.event.state != Name::State::text) return;
  const std::string_view name = event.event.view();
  if (name == "$identify" || name == "$set") {
    event.type = EventType::identify;
  } else if (name == "$create_alias" || name == "$feature_flag_called" || name == "$exception") {
    event.type = EventType::ignored;
  } else if (name == "$groupidentify") {
    Name type;
    mapping.read(ks_field_group_type, false, type);
    event.type = type.is_text() && type.view() == group_type ? EventType::group : EventType::ignored;
  }
}

void Decoder::read_mapped_time(Source &source, Event &event) {
  if (!mapping.is_pointers(ks_field_timestamp)) {
    Name text;
    mapping.read(ks_field_timestamp, true, text);
    if (text.state == Name::State::bad) event.time = Event::Time::bad_type;
    if (text.is_text()) {
      event.time = instant_of_string(text.view(), zone, event.milliseconds) ? Event::Time::known : Event::Time::bad;
    }
  } else {
    const Path *path;
    if (const element *value = mapping.first(ks_field_timestamp, path)) read_time(*value, *path, source, event);
  }
  if (event.time == Event::Time::absent && options_.receive_time_if_missing) {
    event.milliseconds = received_;
    event.time = Event::Time::known;
  }
}

void Decoder::read_mapped_count(Event &event) {
  if (!mapping.has(ks_field_count)) return;
  if (mapping.is_pointers(ks_field_count)) {
    const Path *path;
    const element *value = mapping.first(ks_field_count, path);
    if (value == nullptr) return;
    if (value->get(event.count) != simdjson::SUCCESS || event.count < 1) event.bad_type = true;
    return;
  }
  Name text;
  mapping.read(ks_field_count, true, text);
  if (text.state == Name::State::absent) return;
  int64_t count = 0;
  bool digits = text.is_text() && text.length <= 18;
  for (size_t i = 0; digits && i < text.length; i++) {
    digits = text.data[i] >= '0' && text.data[i] <= '9';
    count = count * 10 + (text.data[i] - '0');
  }
  if (digits && count > 0) {
    event.count = count;
  } else {
    event.bad_type = true;
  }
}

void Decoder::read_mapped_user(Source &source, Event &event) {
  const Path *path;
  if (options_.any_number_user && mapping.is_pointers(ks_field_user)) {
    const element *value = mapping.first(ks_field_user, path);
    if (value != nullptr && value->type() == element_type::DOUBLE) {
      if (const char *raw = raw_at(source.text(), *path)) event.user.set(raw_value(raw));
      return;
    }
  }
  mapping.read(ks_field_user, true, event.user);
}

void Decoder::decode_mapped(Source &source) {
  mapping.collect(source.value);
  Event event;
  const bool named = options_.dialect != ks_dialect_segment || classify_segment(event);
  if (named) mapping.read(ks_field_event, false, event.event);
  if (options_.dialect == ks_dialect_posthog) classify_posthog(event);
  if (options_.dialect == ks_dialect_mapped) {
    Name type;
    mapping.read(ks_field_type, false, type);
    if (!type.is_empty() || type.state == Name::State::bad) event.type = event_type_of(type.view());
  }
  if (event.type == EventType::ignored) return rows_.ignore();

  read_mapped_time(source, event);
  read_mapped_count(event);
  read_mapped_user(source, event);
  mapping.read(ks_field_id, true, event.id);

  const Path root;
  const Path *path = &root;
  const element *fields = find_fields(event, path);
  const bool has_own = event.type == EventType::group && mapping.has(ks_field_group_account);
  const ks_field_name account_field = has_own ? ks_field_group_account : ks_field_account;
  const Path *account_path;
  const element *account = mapping.is_pointers(account_field) ? mapping.first(account_field, account_path) : nullptr;
  simdjson::dom::array accounts;
  if (!options_.account_arrays || account == nullptr || account->get(accounts) != simdjson::SUCCESS) {
    mapping.read(account_field, true, event.account);
    return finish(event, source, fields, *path);
  }
  // Only usage is multiplied: of a record one account is enough.
  const bool is_usage = event.type == EventType::track && !is_reserved(event.event.view());
  if (is_usage && options_.each_account && accounts.size() > 1) return add_per_account(accounts, source, event, fields, *path);
  element only;
  if (accounts.at(0).get(only) == simdjson::SUCCESS) read_name(only, true, event.account);
  finish(event, source, fields, *path);
}

/// The object whose members a record of this event keeps, and where it is; null: none. All such objects are checked.
const simdjson::dom::element *Decoder::find_fields(Event &event, const Path *&path) const {
  const bool is_group = event.type == EventType::group;
  ks_field_name wanted = event.type == EventType::track ? ks_field_properties : ks_field_traits;
  if (is_group && mapping.has(ks_field_group_traits)) wanted = ks_field_group_traits;
  const element *fields = nullptr;
  for (ks_field_name field : {ks_field_properties, ks_field_traits, ks_field_group_traits}) {
    // A group's traits mean something in groups only.
    if (field == ks_field_group_traits && !is_group) continue;
    const Path *found_path;
    const element *found = mapping.first(field, found_path);
    if (found == nullptr) continue;
    // PHP has one kind of array, and writes an empty one as a list: its client libraries send that for no traits at all.
    simdjson::dom::array list;
    const bool is_library = options_.dialect != ks_dialect_mapped;
    if (is_library && found->get(list) == simdjson::SUCCESS && list.size() == 0) continue;
    if (!found->is_object()) event.bad_type = true;
    if (field != wanted) continue;
    fields = found;
    path = found_path;
  }
  return fields;
}

/// One row per account. Ids must differ by row, or all but the first would be taken for conflicting repeats.
void Decoder::add_per_account(simdjson::dom::array accounts, Source &source, Event &event, const element *fields,
                              const Path &path) {
  if (rows_.rows_of_line() + accounts.size() > rows_per_line_limit) return rows_.refuse(Reason::too_many);
  const std::string id(event.id.data == nullptr ? "" : event.id.data, event.id.length);
  const bool derives = event.id.is_text() && id.size() <= name_limit;
  std::string derived;
  for (element account : accounts) {
    event.account.state = Name::State::absent;
    event.account.length = 0;
    read_name(account, true, event.account);
    if (derives) {
      derived.assign(id).append(1, '\x1F').append(event.account.data, event.account.length);
      event.id.set(derived);
      event.id_limit = 2 * name_limit + 1;
    }
    finish(event, source, fields, path);
  }
}

}  // namespace kizashi
