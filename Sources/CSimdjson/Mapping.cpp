#include "Mapping.hpp"

#include <algorithm>

using simdjson::dom::element_type;

namespace kizashi {
namespace {

inline uint64_t length_bit(size_t length) { return uint64_t{1} << std::min<size_t>(length, 63); }

}  // namespace

bool last_member(simdjson::dom::object object, std::string_view name, simdjson::dom::element &value) {
  bool found = false;
  for (auto member = object.begin(), end = object.end(); member != end; ++member) {
    if (!member.key_equals(name)) continue;
    value = member.value();
    found = true;
  }
  return found;
}

bool value_at(simdjson::dom::element value, const Path &path, simdjson::dom::element &found) {
  for (const std::string &token : path) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    size_t index;
    if (value.get(object) == simdjson::SUCCESS) {
      if (!last_member(object, token, value)) return false;
    } else if (value.get(array) == simdjson::SUCCESS && index_of_token(token, index)) {
      if (array.at(index).get(value) != simdjson::SUCCESS) return false;
    } else {
      return false;
    }
  }
  found = value;
  return true;
}

void Mapping::set(ks_field_name field, ks_source_kind kind, std::string_view text, size_t index) {
  Source &source = sources_[field];
  source.kind = kind;
  source.text = std::string(text);
  source.index = index;
}

void Mapping::add_pointer(ks_field_name field, std::string_view pointer) {
  Path path;
  size_t node = 0;
  if (!path_of_pointer(pointer, path)) {
    // A node no walk reaches: what is no pointer is never there.
    node = nodes_.size();
    nodes_.emplace_back();
    path.clear();
  }
  for (size_t depth = 0; depth < path.size(); depth++) {
    size_t next = 0;
    for (const Child &child : nodes_[node].children) {
      if (child.token == path[depth]) next = child.node;
    }
    if (next == 0) {
      next = nodes_.size();
      nodes_[node].children.push_back({path[depth], next});
      nodes_[node].lengths |= length_bit(path[depth].size());
      nodes_.emplace_back();
      nodes_.back().path.assign(path.begin(), path.begin() + static_cast<Path::difference_type>(depth) + 1);
    }
    node = next;
  }
  sources_[field].nodes.push_back(node);
}

void Mapping::collect(element event) {
  for (Node &node : nodes_) node.present = false;
  nodes_[0].value = event;
  nodes_[0].present = true;
  descend(0);
}

void Mapping::descend(size_t index) {
  Node &node = nodes_[index];
  simdjson::dom::object object;
  simdjson::dom::array array;
  if (node.value.get(object) == simdjson::SUCCESS) {
    for (auto member = object.begin(), end = object.end(); member != end; ++member) {
      const uint32_t length = member.key_length();
      if ((node.lengths & length_bit(length)) == 0) continue;
      for (const Child &child : node.children) {
        if (child.token.size() != length || std::memcmp(child.token.data(), member.key_c_str(), length) != 0) continue;
        // The last of repeated keys wins.
        nodes_[child.node].value = member.value();
        nodes_[child.node].present = true;
      }
    }
  } else if (node.value.get(array) == simdjson::SUCCESS) {
    for (const Child &child : node.children) {
      size_t at;
      if (!index_of_token(child.token, at)) continue;
      nodes_[child.node].present = array.at(at).get(nodes_[child.node].value) == simdjson::SUCCESS;
    }
  }
  for (const Child &child : node.children) {
    if (nodes_[child.node].present && !nodes_[child.node].children.empty()) descend(child.node);
  }
}

const Mapping::element *Mapping::first(ks_field_name field, const Path *&path) const {
  for (size_t index : sources_[field].nodes) {
    const Node &node = nodes_[index];
    if (!node.present || node.value.is_null()) continue;
    std::string_view text;
    if (node.value.get(text) == simdjson::SUCCESS && text.empty()) continue;
    path = &node.path;
    return &node.value;
  }
  return nullptr;
}

void Mapping::read(ks_field_name field, bool integers, Name &name) {
  Source &source = sources_[field];
  switch (source.kind) {
    case ks_source_none: return;
    case ks_source_constant: name.set(source.text); return;
    case ks_source_join: read_joined(source, name); return;
    case ks_source_split: read_piece(source, name); return;
    case ks_source_pointers: break;
  }
  const Path *path;
  if (const element *value = first(field, path)) read_name(*value, integers, name);
}

void Mapping::read_joined(Source &source, Name &name) {
  source.joined.clear();
  for (size_t i = 0; i < source.nodes.size(); i++) {
    const Node &node = nodes_[source.nodes[i]];
    Name part;
    if (node.present) read_name(node.value, true, part);
    if (part.state == Name::State::bad) {
      name.state = Name::State::bad;
      return;
    }
    if (part.is_empty()) return;
    if (i > 0) source.joined += source.text;
    source.joined.append(part.data, part.length);
  }
  if (!source.nodes.empty()) name.set(source.joined);
}

void Mapping::read_piece(Source &source, Name &name) {
  if (source.nodes.empty() || !nodes_[source.nodes[0]].present) return;
  Name whole;
  read_name(nodes_[source.nodes[0]].value, true, whole);
  if (whole.state != Name::State::text) {
    name.state = whole.state;
    return;
  }
  std::string_view rest = whole.view();
  for (size_t piece = 0;; piece++) {
    const size_t cut = source.text.empty() ? std::string_view::npos : rest.find(source.text);
    if (piece == source.index) {
      // An integer's digits die with `whole`, so the piece is kept here.
      source.joined = std::string(rest.substr(0, cut));
      if (!source.joined.empty()) name.set(source.joined);
      return;
    }
    if (cut == std::string_view::npos) return;
    rest.remove_prefix(cut + source.text.size());
  }
}

}  // namespace kizashi
