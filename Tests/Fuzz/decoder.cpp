// The line decoder under libFuzzer: any bytes, any dialect. `scripts/sanitize` builds and runs it with the address and
// undefined-behaviour sanitizers; only the shim is compiled here, no Swift.
//
// The first byte says which decoder reads the rest. Beside not crashing, what is handed out must hold together, and no line may
// change what is made of its neighbours.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "CSimdjson.h"

namespace {

void require(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void map(ks_decoder *decoder, ks_field_name field, const char *pointer) {
  ks_decoder_map(decoder, field, ks_source_pointers, "", 0, 0);
  ks_decoder_map_pointer(decoder, field, pointer, std::strlen(pointer));
}

ks_decoder *make(uint8_t choice) {
  ks_options options{};
  options.dialect = static_cast<ks_dialect>(choice & 3);
  options.receive_time_if_missing = choice & 4;
  options.remember_account = choice & 8;
  options.each_account = choice & 16;
  options.account_arrays = choice & 16;
  options.any_number_user = choice & 32;
  options.nan_is_null = choice & 32;
  options.array_envelope = choice & 64;
  options.batch_envelope = choice & 64;
  auto *decoder = ks_decoder_create(options);
  if (options.dialect == ks_dialect_mapped) {
    map(decoder, ks_field_type, "/type");
    map(decoder, ks_field_timestamp, "/at");
    map(decoder, ks_field_event, "/e/n~1m~0");
    map(decoder, ks_field_id, "/ids/0");
    map(decoder, ks_field_count, "/n");
    map(decoder, ks_field_properties, "/p");
    map(decoder, ks_field_traits, "/t");
    ks_decoder_map(decoder, ks_field_account, ks_source_split, ":", 1, 1);
    ks_decoder_map_pointer(decoder, ks_field_account, "/who", 4);
    ks_decoder_map(decoder, ks_field_user, ks_source_join, "/", 1, 0);
    ks_decoder_map_pointer(decoder, ks_field_user, "/u", 2);
    ks_decoder_map_pointer(decoder, ks_field_user, "/v", 2);
    if (choice & 128) ks_decoder_unwrap(decoder, "/message", 8);
  }
  if (choice & 128) ks_decoder_group_type(decoder, "company", 7);
  ks_decoder_sum(decoder, "n", 1);
  ks_decoder_sum(decoder, "id", 2);
  ks_decoder_add_transition(decoder, -5'000'000'000, 3'600);
  ks_decoder_add_transition(decoder, 1'700'000'000, 7'200);
  return decoder;
}

bool within(ks_range range, size_t length) {
  return static_cast<size_t>(range.offset) + range.length <= length;
}

std::string text(const ks_rows &rows, ks_range range) {
  return std::string(reinterpret_cast<const char *>(rows.text) + range.offset, range.length);
}

/// Every row as text, without where its line stood; checks on the way that all that is handed out is there.
std::vector<std::string> read(const ks_rows &rows, size_t count) {
  std::vector<std::string> result;
  for (size_t i = 0; i < rows.line_count; i++) require(within(rows.lines[i], count), "a line lies in the chunk");
  for (size_t i = 0; i < rows.row_count; i++) {
    require(rows.line[i] < rows.line_count, "a row has a line");
    for (auto range : {rows.account[i], rows.user[i], rows.event[i], rows.id[i]})
      require(within(range, rows.text_length), "a name lies in the text");
    result.push_back(std::to_string(rows.kind[i]) + "|" + std::to_string(rows.instant[i]) + "|" +
                     std::to_string(rows.count[i]) + "|" + text(rows, rows.account[i]) + "|" +
                     text(rows, rows.user[i]) + "|" + text(rows, rows.event[i]) + "|" + text(rows, rows.id[i]));
  }
  for (size_t i = 0; i < rows.refusal_count; i++) {
    require(rows.refusals[i].row < rows.row_count, "a refusal has a row");
    require(i == 0 || rows.refusals[i - 1].row < rows.refusals[i].row, "refusals ascend");
    result[rows.refusals[i].row] += "|refused " + std::to_string(rows.refusals[i].reason);
  }
  for (size_t i = 0; i < rows.amount_count; i++) {
    const ks_amount &amount = rows.amounts[i];
    require(amount.row < rows.row_count && rows.kind[amount.row] == 0, "an amount has a row of usage");
    require(i == 0 || rows.amounts[i - 1].row <= amount.row, "amounts ascend");
    require(amount.property < 2 && amount.micros != 0, "an amount is of a property");
    result[amount.row] += "|" + std::to_string(amount.property) + " " + std::to_string(amount.micros);
  }
  for (size_t i = 0; i < rows.record_count; i++) {
    require(rows.records[i].row < rows.row_count, "a record has a row");
    result[rows.records[i].row] += "|record of " + std::to_string(rows.records[i].field_count);
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  auto *decoder = make(data[0]);
  // A copy that ends where the chunk does: a byte read behind it is seen.
  std::vector<uint8_t> chunk(data + 1, data + size);
  auto whole = read(*ks_decode(decoder, chunk.data(), chunk.size(), false, 1'700'000'000'000), chunk.size());
  std::vector<std::string> single;
  for (size_t start = 0; start < chunk.size();) {
    auto *found = static_cast<uint8_t *>(std::memchr(chunk.data() + start, '\n', chunk.size() - start));
    size_t end = found ? found - chunk.data() + 1 : chunk.size();
    std::vector<uint8_t> line(chunk.begin() + start, chunk.begin() + end);
    for (auto &row : read(*ks_decode(decoder, line.data(), line.size(), false, 1'700'000'000'000), line.size()))
      single.push_back(row);
    start = end;
  }
  require(whole == single, "a line means the same alone and among others");
  ks_decoder_destroy(decoder);
  return 0;
}
