#ifndef KIZASHI_CSIMDJSON_H
#define KIZASHI_CSIMDJSON_H

// The border between Swift and simdjson: bytes of whole lines in, columns out, one call a chunk.
// Nothing here throws, and no pointer that is handed out lives longer than the next call on the same decoder.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
// An allocation that fails ends the process here rather than unwinding through Swift frames.
#define KS_NOEXCEPT noexcept
extern "C" {
#else
#define KS_NOEXCEPT
#endif

typedef struct ks_decoder ks_decoder;

/// How the object of a line becomes events.
typedef enum ks_dialect {
  /// One event line of our own, with the plain Segment aliases.
  ks_dialect_kizashi = 0,
  /// Fields found by the mapping; `type` names track, identify, group or heartbeat.
  ks_dialect_mapped = 1,
  ks_dialect_segment = 2,
  ks_dialect_posthog = 3,
} ks_dialect;

/// A field of an event that a mapping can locate.
typedef enum ks_field_name {
  ks_field_type = 0,
  ks_field_timestamp,
  ks_field_account,
  ks_field_event,
  ks_field_user,
  ks_field_id,
  ks_field_count,
  ks_field_properties,
  ks_field_traits,
  /// The account and attributes of a `group` event, where they differ from those of other events.
  ks_field_group_account,
  ks_field_group_traits,
  ks_field_group_type,
} ks_field_name;

enum { ks_field_names = ks_field_group_type + 1 };

typedef enum ks_source_kind {
  ks_source_none = 0,
  /// The first pointer whose value is there and neither null nor "".
  ks_source_pointers,
  /// The texts at all pointers, joined with `text`; absent if one is.
  ks_source_join,
  /// Piece `index` of the text at the pointer, split at `text`.
  ks_source_split,
  /// `text` itself.
  ks_source_constant,
} ks_source_kind;

typedef struct ks_options {
  ks_dialect dialect;
  /// A line without a timestamp happened when it was read.
  bool receive_time_if_missing;
  /// An event that names a user and no account is a row without one: whoever counts it knows the user's.
  bool remember_account;
  /// An account that is an array: one event per element, instead of the first element only.
  bool each_account;
  /// Whether an account may be an array at all.
  bool account_arrays;
  /// A user that is a fractional number is its text as written, instead of a wrong type.
  bool any_number_user;
  /// NaN and infinities, which Python clients write, are read as null.
  bool nan_is_null;
  /// A top-level array holds events.
  bool array_envelope;
  /// An object with an array `batch` holds events.
  bool batch_envelope;
} ks_options;

/// `length` bytes from `offset`; length 0 means absent. Laid out as Swift's TextRange.
typedef struct ks_range {
  uint32_t offset;
  uint32_t length;
} ks_range;

typedef struct ks_refusal {
  uint32_t row;
  /// RefusalReason's raw value.
  uint8_t reason;
} ks_refusal;

typedef enum ks_scalar_kind {
  ks_scalar_null = 0,
  ks_scalar_false,
  ks_scalar_true,
  ks_scalar_number,
  ks_scalar_string,
  /// An object or array: only there so that the last of repeated keys can win.
  ks_scalar_nested,
} ks_scalar_kind;

/// One member of a record's traits or properties; ranges point into `record_text`.
typedef struct ks_record_field {
  ks_range name;
  ks_range value;
  uint8_t kind;
} ks_record_field;

typedef struct ks_record {
  uint32_t row;
  /// Record.Kind's raw value.
  uint8_t kind;
  /// The event as read, in `record_text`.
  ks_range line;
  uint32_t first_field;
  uint32_t field_count;
} ks_record;

/// What a row adds to one of the properties that are added up, in millionths; never 0.
typedef struct ks_amount {
  uint32_t row;
  /// Which property, in the order they were added.
  uint32_t property;
  int64_t micros;
} ks_amount;

/// The columns of one chunk; see Swift's EventBatch.
typedef struct ks_rows {
  size_t row_count;
  const uint8_t *kind;
  const int64_t *instant;
  const int64_t *count;
  const ks_range *account;
  const ks_range *user;
  const ks_range *event;
  const ks_range *id;
  const uint32_t *line;
  /// For each row a bit for each filter that its properties match, in the order they were added; null: there is none.
  const uint64_t *matches;
  size_t line_count;
  const ks_range *lines;
  size_t text_length;
  const uint8_t *text;
  size_t refusal_count;
  const ks_refusal *refusals;
  size_t record_count;
  const ks_record *records;
  const ks_record_field *record_fields;
  const uint8_t *record_text;
  /// Ascending by row.
  size_t amount_count;
  const ks_amount *amounts;
} ks_rows;

ks_decoder *ks_decoder_create(ks_options options) KS_NOEXCEPT;
void ks_decoder_destroy(ks_decoder *decoder) KS_NOEXCEPT;

/// Sets where `field` is found; `text` is the separator or the constant. Pointers are added one by one.
void ks_decoder_map(ks_decoder *decoder, ks_field_name field, ks_source_kind kind, const char *text, size_t length,
                    size_t index) KS_NOEXCEPT;
void ks_decoder_map_pointer(ks_decoder *decoder, ks_field_name field, const char *pointer, size_t length) KS_NOEXCEPT;
/// The pointer to the string or object that is the event.
void ks_decoder_unwrap(ks_decoder *decoder, const char *pointer, size_t length) KS_NOEXCEPT;
/// The `$group_type` whose groups are accounts.
void ks_decoder_group_type(ks_decoder *decoder, const char *name, size_t length) KS_NOEXCEPT;
/// Adds a property and the value it must have for a bit in `matches`; at most 64.
void ks_decoder_filter(ks_decoder *decoder, const char *property, size_t property_length, const char *value,
                       size_t value_length) KS_NOEXCEPT;
/// Adds a property whose numbers are to be added up.
void ks_decoder_sum(ks_decoder *decoder, const char *property, size_t length) KS_NOEXCEPT;
/// Lets times without an offset in. From `since` (seconds since the epoch) on, local time is UTC + `offset` seconds;
/// calls ascend by `since`.
void ks_decoder_add_transition(ks_decoder *decoder, int64_t since, int32_t offset) KS_NOEXCEPT;

/// Decodes whole lines (the last one may lack its LF). What is returned lives until the next call or the destruction.
const ks_rows *ks_decode(ks_decoder *decoder, const uint8_t *bytes, size_t count, bool at_stream_start,
                         int64_t received_milliseconds) KS_NOEXCEPT;

/// What simdjson alone needs to find timestamp, account, user, event and id of each line: the benchmark's limit.
/// `bytes` must be followed by `ks_padding()` readable bytes. Returns the number of lines.
size_t ks_extract_limit(const uint8_t *bytes, size_t count, uint64_t *checksum) KS_NOEXCEPT;
/// The same with each line validated whole, as every accepted line is.
size_t ks_validate_limit(const uint8_t *bytes, size_t count, uint64_t *checksum) KS_NOEXCEPT;
size_t ks_padding(void) KS_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
