#include "common/tracing/otlp.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/process/span.hpp"
#include "tutti/json.hpp"

namespace tutti::services::tracing {
namespace {

constexpr std::int64_t status_error = 2;

struct OtlpValue {
    std::optional<std::string> string_value;
    std::optional<std::string> int_value;
};
BOOST_DESCRIBE_STRUCT(OtlpValue, (), (string_value, int_value))

struct OtlpAttribute {
    std::string key;
    OtlpValue value;
};
BOOST_DESCRIBE_STRUCT(OtlpAttribute, (), (key, value))

struct OtlpStatus {
    std::int64_t code = status_error;
};
BOOST_DESCRIBE_STRUCT(OtlpStatus, (), (code))

struct OtlpSpan {
    std::string trace_id;
    std::string span_id;
    std::optional<std::string> parent_span_id;
    std::string name;
    std::int64_t kind = 0;
    std::string start_time_unix_nano;
    std::string end_time_unix_nano;
    std::vector<OtlpAttribute> attributes;
    std::optional<OtlpStatus> status;
};
BOOST_DESCRIBE_STRUCT(OtlpSpan, (),
                      (trace_id, span_id, parent_span_id, name, kind, start_time_unix_nano,
                       end_time_unix_nano, attributes, status))

struct OtlpScope {
    std::string name = "tutti";
};
BOOST_DESCRIBE_STRUCT(OtlpScope, (), (name))

struct OtlpScopeSpans {
    OtlpScope scope;
    std::vector<OtlpSpan> spans;
};
BOOST_DESCRIBE_STRUCT(OtlpScopeSpans, (), (scope, spans))

struct OtlpResource {
    std::vector<OtlpAttribute> attributes;
};
BOOST_DESCRIBE_STRUCT(OtlpResource, (), (attributes))

struct OtlpResourceSpans {
    OtlpResource resource;
    std::vector<OtlpScopeSpans> scope_spans;
};
BOOST_DESCRIBE_STRUCT(OtlpResourceSpans, (), (resource, scope_spans))

struct OtlpTraces {
    std::vector<OtlpResourceSpans> resource_spans;
};
BOOST_DESCRIBE_STRUCT(OtlpTraces, (), (resource_spans))

OtlpAttribute text_attribute(std::string key, std::string value) {
    return {.key = std::move(key), .value = {.string_value = std::move(value), .int_value = {}}};
}

OtlpAttribute attribute(const std::pair<std::string, process::SpanRecord::Value>& note) {
    if (const auto* text = std::get_if<std::string>(&note.second)) {
        return text_attribute(note.first, *text);
    }
    const auto number = std::get<std::int64_t>(note.second);
    return {.key = note.first, .value = {.string_value = {}, .int_value = std::to_string(number)}};
}

OtlpSpan span_of(const process::SpanRecord& record) {
    OtlpSpan span{.trace_id = std::string(record.context.trace_id()),
                  .span_id = std::string(record.context.span_id()),
                  .parent_span_id = {},
                  .name = record.name,
                  .kind = static_cast<std::int64_t>(record.kind),
                  .start_time_unix_nano = std::to_string(record.began.time_since_epoch().count()),
                  .end_time_unix_nano =
                      std::to_string((record.began + record.took).time_since_epoch().count()),
                  .attributes = {},
                  .status = {}};
    if (!record.parent_id.empty()) span.parent_span_id = record.parent_id;
    for (const auto& note : record.notes) span.attributes.push_back(attribute(note));
    if (record.failed) span.status.emplace();
    return span;
}

}  // namespace

std::string otlp_json(const Resource& resource, std::span<const process::SpanRecord> spans) {
    OtlpScopeSpans made;
    for (const auto& record : spans) made.spans.push_back(span_of(record));
    OtlpTraces traces;
    traces.resource_spans.push_back(
        {.resource = {.attributes = {text_attribute("service.name", resource.service),
                                     text_attribute("service.instance.id", resource.instance)}},
         .scope_spans = {std::move(made)}});
    return json::write(traces);
}

}  // namespace tutti::services::tracing
