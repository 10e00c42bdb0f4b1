// json::read fills structs and forgets what they do not name; here everything that came must reach
// the worker, so the values are walked by hand, with the same report of problems.
#include "api-gateway/jobs/generate_request.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/domain/limits.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t name_length_max = 255;
constexpr std::size_t id_length_max = 64;
constexpr std::size_t url_length_max = 4096;
constexpr std::size_t attachments_max = 50;
constexpr std::size_t references_max = 50;

class Reader {
public:
    explicit Reader(const net::AttachmentHosts& hosts) : hosts_(hosts) {}

    GenerateRequest read(value body) {
        GenerateRequest request;
        if (!body.is_object()) {
            problems_.expected("an object", body);
            return request;
        }
        request.all = std::move(body.get_object());
        if (const auto* personality = member_object(request.all, "personality")) {
            inside("personality",
                   [&] { request.personality_name = text(*personality, "name", name_length_max); });
        }
        request.message_identity = message(request.all);
        if (const auto* key = request.all.if_contains("userApiKey")) {
            inside("userApiKey", [&] {
                if (!key->is_string()) return problems_.expected("a string", *key);
                if (key->get_string().size() > domain::user_api_key_length_max)
                    problems_.add("is too long");
            });
        }
        if (const auto* context = member_object(request.all, "context")) {
            inside("context", [&] { read_context(*context, request); });
        }
        if (problems_.empty()) keep_references(request);
        return request;
    }
    TranscribeRequest read_transcription(const value& body) {
        TranscribeRequest request;
        if (!body.is_object()) {
            problems_.expected("an object", body);
            return request;
        }
        const auto found = direct_attachments(body.get_object());
        if (found.empty()) {
            problem("attachments", "needs a recording");
        } else if (found.front().kind() != Attachment::Kind::audio) {
            problem("attachments", "the first one must be audio, or a voice message");
        } else {
            request.attachment = found.front();
        }
        if (const auto* user = body.get_object().if_contains("userId"); user && !user->is_null()) {
            request.user_id = text(body.get_object(), "userId", id_length_max);
        }
        return request;
    }
    [[nodiscard]] const json::Problems& problems() const { return problems_; }

private:
    template <class Where, class Body>
    void inside(Where where, const Body& body) {
        problems_.enter(where);
        body();
        problems_.leave();
    }
    void problem(std::string_view name, std::string_view text) {
        inside(name, [&] { problems_.add(text); });
    }

    const object* member_object(const object& from, std::string_view name) {
        const auto* found = from.if_contains(name);
        if (found == nullptr) problem(name, "missing");
        if (found != nullptr && !found->is_object()) {
            inside(name, [&] { problems_.expected("an object", *found); });
        }
        return found == nullptr ? nullptr : found->if_object();
    }
    std::string text(const object& from, std::string_view name, std::size_t length_max) {
        const auto* found = from.if_contains(name);
        if (found == nullptr) {
            problem(name, "missing");
            return {};
        }
        if (!found->is_string()) {
            inside(name, [&] { problems_.expected("a string", *found); });
            return {};
        }
        const auto& content = found->get_string();
        if (content.empty()) problem(name, "must not be empty");
        if (content.size() > length_max) problem(name, "is too long");
        return std::string(content.data(), content.size());
    }
    std::string message(const object& from) {
        const auto* found = from.if_contains("message");
        if (found != nullptr && found->is_object()) return canonical_json(*found);
        return text(from, "message", std::string::npos);
    }

    void read_context(const object& context, GenerateRequest& to) {
        to.user_id = text(context, "userId", id_length_max);
        const auto* channel = context.if_contains("channelId");
        if (channel != nullptr && !channel->is_null()) {
            to.channel_id = text(context, "channelId", id_length_max);
        }
        const auto* answered = context.if_contains("messageId");
        if (answered != nullptr && !answered->is_null()) {
            to.message_id = text(context, "messageId", id_length_max);
        }
        to.attachments = direct_attachments(context);
        each(context, "referencedMessages", references_max, [&](const object& message) {
            to.references.push_back(reference(message, to.references.size()));
        });
        std::set<std::int64_t> numbers;
        for (const auto& one : to.references) {
            if (!numbers.insert(one.number).second) {
                problem("referencedMessages", "two of them have the same referenceNumber");
            }
        }
    }
    ReferencedMessage reference(const object& from, std::size_t index) {
        ReferencedMessage found{.number = static_cast<std::int64_t>(index) + 1, .attachments = {}};
        const auto* number = from.if_contains("referenceNumber");
        if (number != nullptr && number->is_int64()) found.number = number->get_int64();
        if (number != nullptr && !number->is_int64()) {
            inside("referenceNumber", [&] { problems_.expected("an integer", *number); });
        }
        found.attachments = attachments(from);
        // A message may show pictures of any host. It is no reason to refuse the request, and none
        // to make a worker fetch what only the worker can reach.
        std::erase_if(found.attachments, [this](const Attachment& attachment) {
            return !hosts_.place_of(attachment.url);
        });
        return found;
    }
    // In the body, too: it goes to a worker as a whole.
    static void keep_references(GenerateRequest& request) {
        auto* messages = request.all.at("context").as_object().if_contains("referencedMessages");
        if (messages == nullptr || messages->is_null()) return;
        for (std::size_t i = 0; i < request.references.size(); ++i) {
            array kept;
            for (const Attachment& one : request.references[i].attachments) {
                kept.push_back(one.all);
            }
            object& message = messages->as_array()[i].as_object();
            if (message.contains("attachments")) message["attachments"] = std::move(kept);
        }
    }
    std::vector<Attachment> direct_attachments(const object& from) {
        auto found = attachments(from);
        for (const Attachment& attachment : found) {
            if (attachment.url.empty() || hosts_.place_of(attachment.url)) continue;
            problem("attachments", "only URLs of ATTACHMENT_HOSTS are accepted");
        }
        return found;
    }
    std::vector<Attachment> attachments(const object& from) {
        std::vector<Attachment> found;
        each(from, "attachments", attachments_max,
             [&](const object& one) { found.push_back(attachment(one)); });
        return found;
    }
    Attachment attachment(const object& from) {
        Attachment found;
        found.url = text(from, "url", url_length_max);
        found.content_type = text(from, "contentType", name_length_max);
        const auto* voice = from.if_contains("isVoiceMessage");
        found.is_voice_message = voice != nullptr && voice->is_bool() && voice->get_bool();
        found.all = from;
        // Of an attachment that was copied before. Workers may fetch that one, too.
        const auto* original = found.all.if_contains("originalUrl");
        const bool ours =
            original != nullptr && original->is_string() && hosts_.place_of(original->get_string());
        if (!ours) found.all["originalUrl"] = found.url;
        return found;
    }

    // Calls `body` with each element of an optional array of objects.
    template <class Body>
    void each(const object& from, std::string_view name, std::size_t count_max, const Body& body) {
        const auto* found = from.if_contains(name);
        if (found == nullptr || found->is_null()) return;
        inside(name, [&] {
            if (!found->is_array()) return problems_.expected("an array", *found);
            const array& all = found->get_array();
            if (all.size() > count_max) {
                return problems_.add("has more than " + std::to_string(count_max) + " elements");
            }
            for (std::size_t i = 0; i < all.size(); ++i) {
                inside(i, [&] {
                    if (!all[i].is_object()) return problems_.expected("an object", all[i]);
                    body(all[i].get_object());
                });
            }
        });
    }

    const net::AttachmentHosts& hosts_;
    json::Problems problems_{json::any_length.depth_max};
};

// Into the text and not into another tree, which would take as much memory as the first.
void write_sorted(const value& from, std::string& to);

void write_sorted(const array& from, std::string& to) {
    to += '[';
    for (const value& element : from) {
        if (&element != &from.front()) to += ',';
        write_sorted(element, to);
    }
    to += ']';
}

void write_sorted(const object& from, std::string& to) {
    std::vector<const boost::json::key_value_pair*> members;
    members.reserve(from.size());
    for (const auto& member : from) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return member->key(); });
    to += '{';
    for (const auto* member : members) {
        if (member != members.front()) to += ',';
        to += boost::json::serialize(member->key());
        to += ':';
        write_sorted(member->value(), to);
    }
    to += '}';
}

void write_sorted(const value& from, std::string& to) {
    if (from.is_array()) return write_sorted(from.get_array(), to);
    if (from.is_object()) return write_sorted(from.get_object(), to);
    to += json::serialize(from);
}

}  // namespace

Attachment::Kind Attachment::kind() const {
    if (is_voice_message || content_type.starts_with("audio/")) return Kind::audio;
    return content_type.starts_with("image/") ? Kind::image : Kind::other;
}

Result<GenerateRequest> GenerateRequest::parse(std::string_view body,
                                               const net::AttachmentHosts& hosts) {
    auto parsed = json::parse(body, json::any_length);
    if (!parsed) return fail(std::move(parsed).error());
    Reader reader(hosts);
    auto request = reader.read(*std::move(parsed));
    if (!reader.problems().empty()) {
        return fail(Errc::protocol, "read json", reader.problems().text());
    }
    return request;
}

Result<TranscribeRequest> TranscribeRequest::parse(std::string_view body,
                                                   const net::AttachmentHosts& hosts) {
    auto parsed = json::parse(body, json::any_length);
    if (!parsed) return fail(std::move(parsed).error());
    Reader reader(hosts);
    auto request = reader.read_transcription(*parsed);
    if (!reader.problems().empty()) {
        return fail(Errc::protocol, "read json", reader.problems().text());
    }
    return request;
}

std::string canonical_json(const value& from) {
    std::string text;
    write_sorted(from, text);
    return text;
}

}  // namespace tutti::services::gateway::jobs
