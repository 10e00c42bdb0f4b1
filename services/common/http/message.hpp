// What goes over HTTP, as plain values: no library type leaks out of common/http.
//
// Text that came from a peer is kept as it came. `path` and `query` are still percent-encoded, so
// that an encoded slash cannot turn into a separator; the router and `query_value` decode.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::http {

// Header fields in their order; names compare without case. Of a repeated field the first one
// counts.
class Headers {
public:
    using Field = std::pair<std::string, std::string>;

    Headers() = default;
    Headers(std::initializer_list<Field> fields) : fields_(fields) {}

    // The value, or nothing when the field is absent. Borrowed from this object.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    // Replaces every field of that name.
    void set(std::string_view name, std::string value);
    // Appends, also when the name exists.
    void add(std::string name, std::string value);

    [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
    [[nodiscard]] auto end() const noexcept { return fields_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }

private:
    std::vector<Field> fields_;
};

struct Request {
    std::string method = "GET";
    std::string path = "/";
    std::string query{};  // without the question mark
    Headers headers{};
    std::string body{};
    // What the `:name` parts of the matched route stand for, decoded. Filled by the router.
    std::map<std::string, std::string, std::less<>> parameters{};

    // The first value of that name, decoded; nothing when absent or wrongly encoded.
    [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
    // The matched `:name`. Throws std::logic_error when the route's pattern has none of that name.
    [[nodiscard]] const std::string& parameter(std::string_view name) const;
};

struct Response;
// Takes the answer of a deferred response: from any thread, also at once. The first one counts.
// When the last copy is destroyed without an answer, the answer is a 500.
using Answer = std::function<void(Response)>;
// Begins what ends in an answer, and returns what to call when the client waits no longer (may be
// empty).
using Start = std::function<std::function<void()>(Answer answer)>;

struct Response {
    int status = 200;
    Headers headers{};
    std::string body{};
    Start later{};  // see deferred_response; everything else is without meaning then

    [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
};

[[nodiscard]] Response text_response(int status, std::string body,
                                     std::string_view content_type = "text/plain; charset=utf-8");
// `body` is JSON already.
[[nodiscard]] Response json_response(int status, std::string body);
// For a handler whose answer takes long: the server calls `start` on the same worker, which is free
// as soon as that returns. Nothing is begun when too many wait already. What `start` returns is
// called on the server's I/O thread when the client has left or the server stops, so it must not
// block, and it may come after an answer that was given too late. The server waits as long as the
// client does: a limit is the business of what begins.
//
//     return deferred_response([&](Answer answer) {
//         const auto id =
//             jobs.when_done([answer](Job job) { answer(json_response(200, job.text)); });
//         return [&jobs, id] { jobs.forget(id); };
//     });
[[nodiscard]] Response deferred_response(Start start);

}  // namespace tutti::services::http
