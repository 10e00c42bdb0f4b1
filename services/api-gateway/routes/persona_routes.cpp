#include "api-gateway/routes/persona_routes.hpp"

#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/domain/persona.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

constexpr std::size_t pronouns_length_max = 100;

struct DeletePersonaResponse {
    bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(DeletePersonaResponse, (), (deleted))

void check(Validation& fields, const domain::PersonaEdit& edit) {
    fields.if_there("name", edit.name, name_length_max);
    fields.clearable("preferredName", edit.preferred_name, name_length_max);
    fields.clearable("description", edit.description, long_text_length_max);
    fields.clearable("pronouns", edit.pronouns, pronouns_length_max);
    fields.if_there("content", edit.content, long_text_length_max);
}

class PersonaRoutes {
public:
    PersonaRoutes(database::StoredPersonas& personas, Principals principals)
        : personas_(personas), principals_(std::move(principals)) {}

    [[nodiscard]] http::Response list(const http::Request& request) const {
        auto found = personas_.list(user(request));
        if (!found) return database_failed(found.error());
        return http::json_response(200,
                                   json::write(domain::ListPersonasResponse{std::move(*found)}));
    }

    [[nodiscard]] http::Response read(const http::Request& request) const {
        auto found = personas_.find(user(request), request.parameter("id"));
        if (auto failure = not_done(found, "Persona")) return *std::move(failure);
        return http::json_response(200,
                                   json::write(domain::GetPersonaResponse{std::move(**found)}));
    }

    [[nodiscard]] http::Response create(const http::Request& request) const {
        const auto edit = json::read<domain::PersonaEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        if (!edit->name) fields.add("name", "is missing");
        if (!edit->content) fields.add("content", "is missing");
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        auto made = personas_.create(user(request), *edit);
        if (auto failure = not_done(made, "Personas")) return *std::move(failure);
        return http::json_response(201, json::write(domain::GetPersonaResponse{std::move(**made)}));
    }

    [[nodiscard]] http::Response update(const http::Request& request) const {
        const auto edit = json::read<domain::PersonaEdit>(request.body);
        if (!edit) return invalid_body(edit.error());
        Validation fields;
        check(fields, *edit);
        if (!fields.ok()) return fields.response();
        return changed(personas_.update(user(request), request.parameter("id"), *edit));
    }

    [[nodiscard]] http::Response make_default(const http::Request& request) const {
        return changed(personas_.make_default(user(request), request.parameter("id")));
    }

    [[nodiscard]] http::Response remove(const http::Request& request) const {
        const auto gone = personas_.remove(user(request), request.parameter("id"));
        if (auto failure = not_done(gone, "Persona")) return *std::move(failure);
        return http::json_response(200, json::write(DeletePersonaResponse{true}));
    }

private:
    [[nodiscard]] std::string user(const http::Request& request) const {
        return principals_.of(request).discord_id;
    }
    [[nodiscard]] http::Response changed(Result<database::Outcome<domain::Persona>> outcome) const {
        if (auto failure = not_done(outcome, "Persona")) return *std::move(failure);
        return http::json_response(200,
                                   json::write(domain::GetPersonaResponse{std::move(**outcome)}));
    }

    database::StoredPersonas& personas_;
    Principals principals_;
};

}  // namespace

std::vector<GatewayRoute> persona_routes(database::StoredPersonas& personas,
                                         Principals principals) {
    BoundRoutes table(PersonaRoutes(personas, std::move(principals)));
    table.add(Access::user, "GET", "/user/persona", &PersonaRoutes::list);
    table.add(Access::user, "POST", "/user/persona", &PersonaRoutes::create);
    table.add(Access::user, "GET", "/user/persona/:id", &PersonaRoutes::read);
    table.add(Access::user, "PUT", "/user/persona/:id", &PersonaRoutes::update);
    table.add(Access::user, "PATCH", "/user/persona/:id/default", &PersonaRoutes::make_default);
    table.add(Access::user, "DELETE", "/user/persona/:id", &PersonaRoutes::remove);
    return std::move(table).routes();
}

}  // namespace tutti::services::gateway::routes
