// A rule is one trigger, and one text serves both databases: PostgreSQL wraps it in a function. So
// whoever writes, a route, a foreign program, a shell, writes the row too, and no writer has to
// know what its change concerns.
//
// A change of a personality or configuration that leaves `updated_at` alone says that nothing
// changed. A row that moves concerns both what it leaves and what it joins. What goes with its
// parent fires the triggers of its own table.
//
// On PostgreSQL a function runs with the rights of the schema's owner: a program that may write a
// personality needs none on the outbox. Its search path is fixed, or a temporary table of that name
// would take the rows.
#include "api-gateway/database/change_rows.hpp"

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {
namespace {

struct Rule {
    std::string table;
    std::string event;  // INSERT, UPDATE or DELETE
    std::string name;
    std::string when;  // empty: always
    std::string rows;  // a query for channel and key
};

constexpr const char* every_personality = "SELECT 'cache:invalidation', NULL";
constexpr const char* every_model_choice = "SELECT 'cache:llm-config-invalidation', NULL";

std::string key(std::string_view channel, std::string_view expression) {
    return "SELECT 'cache:" + std::string(channel) + "', CAST(" + std::string(expression) +
           " AS TEXT)";
}
std::string personality(std::string_view id) { return key("invalidation", id); }
std::string activation(std::string_view id) { return key("channel-activation-invalidation", id); }
// Of the user whose id this is.
std::string user(std::string_view channel, std::string_view id) {
    return key(channel, "discord_id") + " FROM users WHERE id = " + std::string(id);
}

// What a row of a table concerns, in whichever way it changes: `concerns("NEW.")` for a row that is
// there afterwards, `concerns("OLD.")` for one that was.
template <class Concerns>
void every_change(std::vector<Rule>& rules, const std::string& table, Concerns concerns) {
    rules.push_back({table, "INSERT", table + "_came", "", concerns("NEW.")});
    rules.push_back({table, "DELETE", table + "_went", "", concerns("OLD.")});
    rules.push_back(
        {table, "UPDATE", table + "_changed", "", concerns("OLD.") + " UNION " + concerns("NEW.")});
}

void add_personality_rules(std::vector<Rule>& rules) {
    rules.push_back({"personalities", "INSERT", "personality_came", "", personality("NEW.id")});
    rules.push_back({"personalities", "DELETE", "personality_went", "", personality("OLD.id")});
    rules.push_back({"personalities", "UPDATE", "personality_changed",
                     "OLD.updated_at IS DISTINCT FROM NEW.updated_at",
                     personality("NEW.id") + " UNION " + activation("channel_id") +
                         " FROM activated_channels WHERE personality_id = NEW.id"});
    rules.push_back({"system_prompts", "UPDATE", "prompt_changed",
                     "OLD.content IS DISTINCT FROM NEW.content",
                     personality("id") + " FROM personalities WHERE system_prompt_id = NEW.id"});
    for (const char* table : {"personality_default_configs", "personality_owners",
                              "personality_aliases", "personality_avatars"}) {
        every_change(rules, table,
                     [](const std::string& row) { return personality(row + "personality_id"); });
    }
    every_change(rules, "user_personality_configs", [](const std::string& row) {
        return personality(row + "personality_id") + " UNION " +
               user("llm-config-invalidation", row + "user_id");
    });
}

// The personalities have a configuration merged in.
void add_config_rules(std::vector<Rule>& rules) {
    const std::string all = std::string(every_personality) + " UNION ALL " + every_model_choice;
    rules.push_back({"llm_configs", "INSERT", "config_came", "", all});
    rules.push_back({"llm_configs", "DELETE", "config_went", "", all});
    rules.push_back({"llm_configs", "UPDATE", "config_changed",
                     "OLD.updated_at IS DISTINCT FROM NEW.updated_at", all});
}

void add_user_rules(std::vector<Rule>& rules) {
    rules.push_back({"users", "UPDATE", "model_chosen",
                     "OLD.default_llm_config_id IS DISTINCT FROM NEW.default_llm_config_id",
                     key("llm-config-invalidation", "NEW.discord_id")});
    rules.push_back({"users", "UPDATE", "persona_chosen",
                     "OLD.default_persona_id IS DISTINCT FROM NEW.default_persona_id",
                     key("persona-invalidation", "NEW.discord_id")});
    // Its rows in other tables go with it, and their triggers no longer find it.
    rules.push_back({"users", "DELETE", "user_went", "",
                     key("llm-config-invalidation", "OLD.discord_id") + " UNION ALL " +
                         key("persona-invalidation", "OLD.discord_id") + " UNION ALL " +
                         key("api-key-invalidation", "OLD.discord_id")});
    every_change(rules, "personas", [](const std::string& row) {
        return user("persona-invalidation", row + "owner_id");
    });
    every_change(rules, "user_api_keys", [](const std::string& row) {
        return user("api-key-invalidation", row + "user_id");
    });
}

// No cache shows the guild, which is filled in behind the activation: what changes it alone
// concerns none.
void add_channel_rules(std::vector<Rule>& rules) {
    for (const char* table : {"activated_channels", "deactivated_channels"}) {
        every_change(rules, table,
                     [](const std::string& row) { return activation(row + "channel_id"); });
    }
    for (Rule& rule : rules) {
        if (rule.name == "activated_channels_changed") {
            rule.when =
                "OLD.guild_id IS NOT DISTINCT FROM NEW.guild_id OR (OLD.channel_id, "
                "OLD.personality_id, OLD.auto_respond, OLD.created_by, OLD.created_at) IS DISTINCT "
                "FROM (NEW.channel_id, NEW.personality_id, NEW.auto_respond, NEW.created_by, "
                "NEW.created_at)";
        }
    }
}

std::string insertion(const Rule& rule) {
    return "INSERT INTO tutti_outbox (channel, cache_key) " + rule.rows + ";";
}
std::string trigger(const Rule& rule) {
    return "CREATE TRIGGER " + rule.name + " AFTER " + rule.event + " ON " + rule.table +
           " FOR EACH ROW " + (rule.when.empty() ? "" : "WHEN (" + rule.when + ") ");
}

constexpr std::array names_of_old_triggers{"personality_updated ON personalities",
                                           "personality_came_or_went ON personalities",
                                           "default_config_changed ON personality_default_configs",
                                           "user_config_changed ON user_personality_configs",
                                           "owners_changed ON personality_owners",
                                           "aliases_changed ON personality_aliases",
                                           "avatars_changed ON personality_avatars",
                                           "config_updated ON llm_configs",
                                           "global_default_came ON llm_configs",
                                           "global_default_went ON llm_configs",
                                           "prompt_updated ON system_prompts"};
constexpr std::array names_of_old_functions{
    "notify_this_personality()", "notify_personality_of_row()", "notify_personalities_of_prompt()",
    "notify_all_personalities_changed()", "notify_personality_changed(UUID)"};

class Statements {
public:
    Statements() {
        for (const char* name : names_of_old_triggers) {
            add(std::string("DROP TRIGGER ") + name, Databases::postgresql);
        }
        for (const char* name : names_of_old_functions) {
            add(std::string("DROP FUNCTION ") + name, Databases::postgresql);
        }
        add(outbox::Sql({.dialect = outbox::Dialect::sqlite, .channels = {}}).create(),
            Databases::sqlite);
        add(outbox::Sql({.dialect = outbox::Dialect::postgresql, .channels = {}}).create(),
            Databases::postgresql);
        add("SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', TRUE)",
            Databases::postgresql);
        std::vector<Rule> rules;
        add_personality_rules(rules);
        add_config_rules(rules);
        add_user_rules(rules);
        add_channel_rules(rules);
        for (const Rule& rule : rules) add(rule);
        add_wake_up();
        // What was said while no gateway listened is not known.
        add(std::string("INSERT INTO tutti_outbox (channel, cache_key) ") + every_personality,
            Databases::postgresql);
    }

    [[nodiscard]] Step step() const { return statements_; }

private:
    void add(const std::string& text, Databases databases) {
        statements_.emplace_back(texts_.emplace_back(text).c_str(), databases);
    }
    void add(const Rule& rule) {
        add(trigger(rule) + "BEGIN " + insertion(rule) + " END", Databases::sqlite);
        add("CREATE FUNCTION " + rule.name +
                "() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER "
                "SET search_path FROM CURRENT AS $$ BEGIN " +
                insertion(rule) + " RETURN NULL; END $$",
            Databases::postgresql);
        add(trigger(rule) + "EXECUTE FUNCTION " + rule.name + "()", Databases::postgresql);
    }
    // PostgreSQL merges the notifications of one transaction.
    void add_wake_up() {
        add("CREATE FUNCTION wake_publishers() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_notify('cache_invalidation', ''); RETURN NULL; END $$",
            Databases::postgresql);
        add("CREATE TRIGGER rows_came AFTER INSERT ON tutti_outbox FOR EACH STATEMENT "
            "EXECUTE FUNCTION wake_publishers()",
            Databases::postgresql);
    }

    std::deque<std::string> texts_;  // whose addresses stay
    std::vector<Statement> statements_;
};

}  // namespace

Step change_rows() {
    static const Statements statements;
    return statements.step();
}

}  // namespace tutti::services::gateway::database
