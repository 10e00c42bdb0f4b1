// MessagePack of described structs, for stored values where bytes matter: the same types, names and
// promises as json.hpp. Numbers and what stands between values get smaller (the example has 62
// bytes instead of 76); texts do not. What is read is checked as JSON is: sizes, depth, UTF-8, and
// every problem with its path.
//
//     .store = {.codec = tutti::msgpack_codec<Personality>()}     // examples/codec.cpp
//
// A value is written with the names of its members, so a newer program may add an optional one. Not
// read: binary data, extensions (timestamps among them), maps whose keys are no strings.
//
// The bytes of a value are always the same. Thread-safety: functions of their arguments. Include in
// .cpp files: it brings Boost.JSON along, whose tree stands between the value and the bytes.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "tutti/codec.hpp"
#include "tutti/error.hpp"
#include "tutti/json.hpp"

namespace tutti {
namespace msgpack {

// Errors: too_large.
[[nodiscard]] Result<std::string> pack(const boost::json::value& document,
                                       const JsonLimits& limits);
// Errors: protocol, "not MessagePack at byte 17"; too_large, found before the tree is larger than
// it may be.
[[nodiscard]] Result<boost::json::value> unpack(std::string_view bytes, const JsonLimits& limits);

}  // namespace msgpack

template <class V>
[[nodiscard]] Codec<V> msgpack_codec(JsonLimits limits = {}) {
    return {
        .encode = [limits](const V& value) -> Result<std::string> {
            auto document = json::to_document(value, limits);
            if (!document) return fail(std::move(document).error());
            return msgpack::pack(*document, limits);
        },
        .decode = [limits](std::string_view bytes) -> Result<V> {
            auto document = msgpack::unpack(bytes, limits);
            if (!document) return fail(std::move(document).error());
            return json::from_document<V>(*document, limits);
        },
        .name = "msgpack",
    };
}

}  // namespace tutti
