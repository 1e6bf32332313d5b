#pragma once

#include "CSimdjson.h"
#include "Filters.hpp"
#include "Instants.hpp"
#include "Mapping.hpp"
#include "Parser.hpp"
#include "RawText.hpp"
#include "Rows.hpp"
#include "Sums.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>

namespace kizashi {

/// Most rows of one line: one event in 64 bytes is denser than any producer writes them.
constexpr size_t rows_per_line_limit = line_limit / 64;

/// Turns the chunks of one source into rows.
class Decoder {
 public:
  explicit Decoder(ks_options options) : options_(options) {}

  Mapping mapping;
  Zone zone;
  std::string group_type;

  void set_unwrap(std::string_view pointer) {
    unwraps_ = true;
    unwrap_is_pointer_ = path_of_pointer(pointer, unwrap_);
  }
  void add_filter(std::string_view property, std::string_view value) {
    filters_.add(property, value);
    rows_.keep_matches();
  }
  void add_sum(std::string_view property) { sums_.add(property); }
  const ks_rows *decode(std::string_view chunk, bool at_stream_start, int64_t received);

 private:
  using element = simdjson::dom::element;
  using object = simdjson::dom::object;

  /// An event's object, and its text for what only the text can say.
  struct Source {
    element value;
    /// The text of the object, from its brace; null: not looked for yet.
    const char *raw = nullptr;
    /// What a record keeps as its line.
    std::string_view line;
    /// The envelope the event is an element of: its text is found when it is asked for, which is seldom.
    RawArray *envelope = nullptr;
    size_t index = 0;
    /// Where the event's time is, as long as its digits have not been read from the text; null: they have, or need not.
    const Path *fraction = nullptr;

    const char *text() {
      if (raw == nullptr) {
        // A record keeps its own element: an envelope of a thousand would else be kept a thousand times.
        raw = envelope->element(index);
        line = raw_value(raw);
      }
      return raw;
    }
  };

  void decode_line(std::string_view line, bool padded);

  // One line of our own format (EventLine.cpp).
  void decode_event_line(element root, std::string_view line);
  /// `path`: where the value is. A fraction is left for later, since a double has lost its digits.
  void read_time(element value, const Path &path, Source &source, Event &event) const;

  // Lines of other producers (Mapped.cpp).
  void decode_mapped_line(element root, std::string_view text, std::string_view line);
  /// `member`: the name under which the array stands in the object at `text`; empty: the array is there itself.
  void decode_envelope(simdjson::dom::array events, const char *text, std::string_view member);
  void decode_wrapped(element root, std::string_view text, std::string_view line);
  void decode_mapped(Source &source);
  bool classify(Event &event);
  bool classify_segment(Event &event);
  void classify_posthog(Event &event);
  void read_mapped_time(Source &source, Event &event);
  void read_mapped_count(Event &event);
  void read_mapped_user(Source &source, Event &event);
  const element *find_fields(Event &event, const Path *&path) const;
  void add_per_account(simdjson::dom::array accounts, Source &source, Event &event, const element *fields,
                       const Path &path);

  /// Reads what an event of usage adds to properties. False: an amount is too large.
  bool read_amounts(const Event &event, Source &source, const element *fields, const Path &path);
  void read_fraction(Source &source, Event &event) const;
  /// Judges the event; keeps it as a record if it is one, with the members of the object at `fields` of its text. Of usage
  /// those members are added up and compared with the filters.
  void finish(Event &event, Source &source, const element *fields, const Path &path);
  void add_fields(object fields, const char *brace);

  const ks_options options_;
  Parser parser_;
  Parser inner_parser_;
  Rows rows_;
  Filters filters_;
  Sums sums_;
  int64_t received_ = 0;

  bool unwraps_ = false;
  bool unwrap_is_pointer_ = false;
  Path unwrap_;

  /// The last lines of a chunk are copied here, where padding follows them.
  std::string tail_;
  std::string unwrapped_;
};

}  // namespace kizashi
