// Personas: who a user is towards the personalities. The shapes of /user/persona.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services::domain {

struct Persona {
    std::string id;
    std::string name;
    json::Nullable<std::string> preferred_name;
    json::Nullable<std::string> description;
    json::Nullable<std::string> pronouns;
    std::string content;
    bool is_default = false;
    bool share_ltm_across_personalities = false;
    std::string created_at;
    std::string updated_at;

    friend bool operator==(const Persona&, const Persona&) = default;
};
BOOST_DESCRIBE_STRUCT(Persona, (),
                      (id, name, preferred_name, description, pronouns, content, is_default,
                       share_ltm_across_personalities, created_at, updated_at))

// GET /user/persona
struct ListPersonasResponse {
    std::vector<Persona> personas;  // by name
};
BOOST_DESCRIBE_STRUCT(ListPersonasResponse, (), (personas))

// The same answer, as much of it as a list of choices shows: not the texts, which may be long.
struct PersonaSummary {
    std::string id;
    std::string name;
    json::Nullable<std::string> preferred_name;
    bool is_default = false;

    friend bool operator==(const PersonaSummary&, const PersonaSummary&) = default;
};
BOOST_DESCRIBE_STRUCT(PersonaSummary, (), (id, name, preferred_name, is_default))

struct ListPersonaSummariesResponse {
    std::vector<PersonaSummary> personas;
};
BOOST_DESCRIBE_STRUCT(ListPersonaSummariesResponse, (), (personas))

// GET, POST and PUT
struct GetPersonaResponse {
    Persona persona;
};
BOOST_DESCRIBE_STRUCT(GetPersonaResponse, (), (persona))

// POST /user/persona and PUT /user/persona/:id. What is missing stays as it is; an empty text takes
// an optional field away. `name` and `content` are required for a new one.
struct PersonaEdit {
    std::optional<std::string> name;
    std::optional<std::string> preferred_name;
    std::optional<std::string> description;
    std::optional<std::string> pronouns;
    std::optional<std::string> content;
    std::optional<bool> share_ltm_across_personalities;
};
BOOST_DESCRIBE_STRUCT(PersonaEdit, (),
                      (name, preferred_name, description, pronouns, content,
                       share_ltm_across_personalities))

}  // namespace tutti::services::domain
