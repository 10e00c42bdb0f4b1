#include "api-gateway/routes/personality_routes.hpp"

#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/attachments/avatar_image.hpp"
#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/uuid.hpp"
#include "common/http/errors.hpp"
#include "tutti/canonical.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

struct DeletePersonalityResponse {
    bool deleted = false;
    std::string id;
};
BOOST_DESCRIBE_STRUCT(DeletePersonalityResponse, (), (deleted, id))

void check(Validation& fields, const domain::PersonalityEdit& edit) {
    fields.if_there("name", edit.name, name_length_max);
    fields.if_there("slug", edit.slug, slug_length_max);
    if (edit.slug && !is_slug(*edit.slug)) {
        fields.add("slug", "must be lower-case letters, digits, dashes and underscores");
    }
    fields.clearable("displayName", edit.display_name, name_length_max);
    fields.if_there("systemPrompt", edit.system_prompt, long_text_length_max);
    fields.clearable("characterInfo", edit.character_info, long_text_length_max);
    fields.clearable("personalityTraits", edit.personality_traits, long_text_length_max);
    fields.clearable("personalityTone", edit.personality_tone, long_text_length_max);
    fields.clearable("personalityAge", edit.personality_age, long_text_length_max);
    fields.clearable("personalityAppearance", edit.personality_appearance, long_text_length_max);
    fields.clearable("personalityLikes", edit.personality_likes, long_text_length_max);
    fields.clearable("personalityDislikes", edit.personality_dislikes, long_text_length_max);
    fields.clearable("conversationalGoals", edit.conversational_goals, long_text_length_max);
    fields.clearable("conversationalExamples", edit.conversational_examples, long_text_length_max);
    fields.clearable("errorMessage", edit.error_message, long_text_length_max);
}

// Last of all checks: it is the only expensive one.
std::optional<std::string> avatar_of(Validation& fields, const domain::PersonalityEdit& edit) {
    if (!edit.avatar_data || edit.avatar_data->empty()) return edit.avatar_data;
    auto png = attachments::read_avatar(*edit.avatar_data);
    if (png) return *std::move(png);
    fields.add("avatarData", png.error());
    return std::nullopt;
}

class PersonalityRoutes {
public:
    explicit PersonalityRoutes(PersonalityParts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] http::Response list(const http::Request& request) const {
        auto found = parts_.personalities.list(parts_.principals.of(request));
        if (!found) return database_failed(found.error());
        return http::json_response(
            200, json::write(domain::ListPersonalitiesResponse{std::move(*found)}));
    }

    [[nodiscard]] http::Response read(const http::Request& request) const {
        return with_found(request, [](const domain::GetPersonalityResponse& found) {
            return http::json_response(200, json::write(found));
        });
    }

    // For a service that keeps it for all its users and checks the access of each.
    [[nodiscard]] http::Response read_for_service(const http::Request& request) const {
        std::string id = to_lower(request.parameter("idOrSlug"));
        if (!domain::is_uuid(id)) {
            Validation fields;
            fields.text("idOrSlug", id, slug_length_max);
            if (!fields.ok()) return fields.response();
            auto of_slug = parts_.personalities.of_slug(id);
            if (!of_slug) return database_failed(of_slug.error());
            id = std::move(*of_slug).value_or("");
        }
        const auto found = parts_.node.personality(id);
        if (!found) return database_failed(found.error());
        if (!*found)
            return http::error_response(http::ErrorCode::not_found, "There is no such personality");
        return http::json_response(200, json::write(**found));
    }

    [[nodiscard]] http::Response create(const http::Request& request) const {
        const auto edit = json::read<domain::PersonalityEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        if (!edit->name) fields.add("name", "is missing");
        if (!edit->slug) fields.add("slug", "is missing");
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        const auto png = avatar_of(fields, *edit);
        if (!fields.ok()) return fields.response();
        const auto principal = parts_.principals.of(request);
        const auto changed = parts_.editor.create(*edit, png, principal);
        if (!changed) return database_failed(changed.error());
        if (!*changed && changed->error() == database::Refusal::conflict) {
            return http::error_response(http::ErrorCode::conflict,
                                        "There is a personality \"" + *edit->slug + "\" already");
        }
        return show_changed(*changed, 201);
    }

    [[nodiscard]] http::Response update(const http::Request& request) const {
        const auto edit = json::read<domain::PersonalityEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        return with_id(request, [&](const std::string& id) {
            const auto png = avatar_of(fields, *edit);
            if (!fields.ok()) return fields.response();
            const auto changed =
                parts_.editor.update(id, *edit, png, parts_.principals.of(request));
            if (!changed) return database_failed(changed.error());
            return show_changed(*changed, 200);
        });
    }

    [[nodiscard]] http::Response remove(const http::Request& request) const {
        return with_id(request, [&](const std::string& id) {
            const auto changed = parts_.editor.remove(id, parts_.principals.of(request));
            if (auto failure = not_done(changed, "personality")) return *std::move(failure);
            return http::json_response(200, json::write(DeletePersonalityResponse{true, id}));
        });
    }

private:
    using Found = std::optional<domain::GetPersonalityResponse>;

    // What this user means by it and may use. Known ids need no query while they are in memory.
    [[nodiscard]] Result<Found> find(const http::Request& request) const {
        const auto principal = parts_.principals.of(request);
        std::string text = request.parameter("idOrName");
        if (domain::is_uuid(text)) {
            text = to_lower(text);
            auto found = parts_.node.personality(text);
            if (!found) return found;
            if (*found && may_use(**found, principal)) return found;
        }
        const auto id = parts_.personalities.resolve(text, principal);
        if (!id) return fail(id.error());
        if (!*id) return Found();
        auto found = parts_.node.personality(**id);
        if (found && *found && !domain::may_use(**found, principal)) return Found();
        return found;
    }

    template <class Answer>
    [[nodiscard]] http::Response with_found(const http::Request& request,
                                            const Answer& answer) const {
        Validation fields;
        fields.text("idOrName", request.parameter("idOrName"), slug_length_max);
        if (!fields.ok()) return fields.response();
        const auto found = find(request);
        if (!found) return database_failed(found.error());
        return *found ? answer(**found) : not_found(request);
    }

    // Without reading it: one that is too large to be read can still be mended, or deleted.
    template <class Answer>
    [[nodiscard]] http::Response with_id(const http::Request& request, const Answer& answer) const {
        const std::string& text = request.parameter("idOrName");
        Validation fields;
        fields.text("idOrName", text, slug_length_max);
        if (!fields.ok()) return fields.response();
        const auto id = parts_.personalities.resolve(text, parts_.principals.of(request));
        if (!id) return database_failed(id.error());
        return *id ? answer(**id) : not_found(request);
    }

    static http::Response not_found(const http::Request& request) {
        return http::error_response(
            http::ErrorCode::not_found,
            "Personality \"" + request.parameter("idOrName") + "\" not found");
    }

    // Of what was committed nothing is read again: that might fail.
    [[nodiscard]] http::Response show_changed(
        const database::Outcome<domain::GetPersonalityResponse>& changed, int status) const {
        if (!changed && changed.error() == database::Refusal::too_large) {
            return http::error_response(
                http::ErrorCode::validation_error,
                "The texts of a personality, placeholders filled in, may have " +
                    std::to_string(domain::personality_bytes_max) + " bytes together");
        }
        if (!changed) return refused(changed.error(), "personality");
        return http::json_response(status, json::write(parts_.node.shown(*changed)));
    }

    PersonalityParts parts_;
};

}  // namespace

std::vector<GatewayRoute> personality_routes(PersonalityParts parts) {
    BoundRoutes table(PersonalityRoutes(std::move(parts)));
    table.add(Access::user, "GET", "/user/personality", &PersonalityRoutes::list);
    table.add(Access::user, "POST", "/user/personality", &PersonalityRoutes::create);
    table.add(Access::user, "GET", "/user/personality/:idOrName", &PersonalityRoutes::read);
    table.add(Access::user, "PUT", "/user/personality/:idOrName", &PersonalityRoutes::update);
    table.add(Access::user, "DELETE", "/user/personality/:idOrName", &PersonalityRoutes::remove);
    table.add(Access::service, "GET", "/internal/personality/:idOrSlug",
              &PersonalityRoutes::read_for_service);
    return std::move(table).routes();
}

}  // namespace tutti::services::gateway::routes
