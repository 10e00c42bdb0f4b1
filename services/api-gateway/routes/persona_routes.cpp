// /user/persona: who a user is. Every change is told, so that nobody speaks to yesterday's persona.
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/routes.hpp"
#include "common/domain/persona.hpp"
#include "tutti/json.hpp"

namespace tutti::services {
namespace {

constexpr std::size_t pronouns_length_max = 100;

struct DeletePersonaResponse {
    bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(DeletePersonaResponse, (), (deleted))

void check(Validation& fields, const PersonaEdit& edit) {
    fields.if_there("name", edit.name, name_length_max);
    fields.clearable("preferredName", edit.preferred_name, name_length_max);
    fields.clearable("description", edit.description, long_text_length_max);
    fields.clearable("pronouns", edit.pronouns, pronouns_length_max);
    fields.if_there("content", edit.content, long_text_length_max);
}

class PersonaRoutes {
public:
    explicit PersonaRoutes(RouteContext context) : context_(std::move(context)) {}

    [[nodiscard]] HttpResponse list(const HttpRequest& request) const {
        auto found = context_.database.list_personas(user(request));
        if (!found) return database_failed(found.error());
        return json_response(200, json::write(ListPersonasResponse{std::move(*found)}));
    }

    [[nodiscard]] HttpResponse read(const HttpRequest& request) const {
        auto found = context_.database.find_persona(user(request), request.parameter("id"));
        if (!found) return database_failed(found.error());
        if (!*found) return refused(found->error(), "Persona");
        return json_response(200, json::write(GetPersonaResponse{std::move(**found)}));
    }

    [[nodiscard]] HttpResponse create(const HttpRequest& request) const {
        const auto edit = json::read<PersonaEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        if (!edit->name) fields.add("name", "is missing");
        if (!edit->content) fields.add("content", "is missing");
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        auto made = context_.database.create_persona(user(request), *edit);
        if (!made) return database_failed(made.error());
        if (!*made) return refused(made->error(), "Personas");
        context_.node.tell_persona(user(request));
        return json_response(201, json::write(GetPersonaResponse{std::move(**made)}));
    }

    [[nodiscard]] HttpResponse update(const HttpRequest& request) const {
        const auto edit = json::read<PersonaEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        return changed(request, context_.database.update_persona(user(request),
                                                                 request.parameter("id"), *edit));
    }

    [[nodiscard]] HttpResponse make_default(const HttpRequest& request) const {
        return changed(request, context_.database.make_default_persona(user(request),
                                                                       request.parameter("id")));
    }

    [[nodiscard]] HttpResponse remove(const HttpRequest& request) const {
        const auto gone = context_.database.delete_persona(user(request), request.parameter("id"));
        if (!gone) return database_failed(gone.error());
        if (!*gone) return refused(gone->error(), "Persona");
        context_.node.tell_persona(user(request));
        return json_response(200, json::write(DeletePersonaResponse{true}));
    }

private:
    [[nodiscard]] std::string user(const HttpRequest& request) const {
        return context_.principal(request).discord_id;
    }
    [[nodiscard]] HttpResponse changed(const HttpRequest& request,
                                       Result<Outcome<Persona>> outcome) const {
        if (!outcome) return database_failed(outcome.error());
        if (!*outcome) return refused(outcome->error(), "Persona");
        context_.node.tell_persona(user(request));
        return json_response(200, json::write(GetPersonaResponse{std::move(**outcome)}));
    }

    RouteContext context_;
};

}  // namespace

void add_persona_routes(std::vector<GatewayRoute>& routes, const RouteContext& context) {
    const PersonaRoutes personas(context);
    const auto add = [&](std::string method, const char* pattern, auto handler) {
        routes.push_back(
            {Access::user, std::move(method), pattern,
             [personas, handler](const HttpRequest& r) { return (personas.*handler)(r); }});
    };
    add("GET", "/user/persona", &PersonaRoutes::list);
    add("POST", "/user/persona", &PersonaRoutes::create);
    add("GET", "/user/persona/:id", &PersonaRoutes::read);
    add("PUT", "/user/persona/:id", &PersonaRoutes::update);
    add("PATCH", "/user/persona/:id/default", &PersonaRoutes::make_default);
    add("DELETE", "/user/persona/:id", &PersonaRoutes::remove);
}

}  // namespace tutti::services
