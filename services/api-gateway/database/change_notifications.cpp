// Who may change what a cached personality says, and how PostgreSQL reports it on the notification
// channel `cache_invalidation`. The gateway listens there and publishes on Redis
// (change_listener.hpp).
//
// PostgreSQL merges equal payloads of one transaction, so a bulk edit of configurations is one
// event. A change of a personality or configuration that leaves `updated_at` alone says that
// nothing changed.
#include "api-gateway/database/change_notifications.hpp"

#include <array>

namespace tutti::services::gateway::database {
namespace {

constexpr Databases postgresql = Databases::postgresql;

// Functions first. In a trigger, OLD is null on INSERT and NEW is null on DELETE. A row that moves
// concerns both the personality that it leaves and the one that it joins.
constexpr std::array<Statement, 15> statements{
    {{R"(CREATE FUNCTION notify_personality_changed(changed UUID) RETURNS VOID LANGUAGE sql AS $$
            SELECT pg_notify('cache_invalidation', CAST(json_build_object(
                'type', 'personality', 'personalityId', changed) AS TEXT))
         $$)",
      postgresql},
     {R"(CREATE FUNCTION notify_all_personalities_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
         BEGIN
            PERFORM pg_notify('cache_invalidation', CAST(json_build_object('type', 'all') AS TEXT));
            RETURN NULL;
         END $$)",
      postgresql},
     {R"(CREATE FUNCTION notify_this_personality() RETURNS TRIGGER LANGUAGE plpgsql AS $$
         BEGIN
            PERFORM notify_personality_changed(COALESCE(NEW.id, OLD.id));
            RETURN NULL;
         END $$)",
      postgresql},
     {R"(CREATE FUNCTION notify_personality_of_row() RETURNS TRIGGER LANGUAGE plpgsql AS $$
         BEGIN
            IF TG_OP <> 'INSERT' THEN
                PERFORM notify_personality_changed(OLD.personality_id);
            END IF;
            IF TG_OP <> 'DELETE' THEN
                PERFORM notify_personality_changed(NEW.personality_id);
            END IF;
            RETURN NULL;
         END $$)",
      postgresql},
     {R"(CREATE FUNCTION notify_personalities_of_prompt() RETURNS TRIGGER LANGUAGE plpgsql AS $$
         BEGIN
            PERFORM notify_personality_changed(p.id)
                FROM personalities p WHERE p.system_prompt_id = NEW.id;
            RETURN NULL;
         END $$)",
      postgresql},
     {R"(CREATE TRIGGER personality_updated AFTER UPDATE ON personalities FOR EACH ROW
         WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at)
         EXECUTE FUNCTION notify_this_personality())",
      postgresql},
     {R"(CREATE TRIGGER personality_came_or_went AFTER INSERT OR DELETE ON personalities
         FOR EACH ROW EXECUTE FUNCTION notify_this_personality())",
      postgresql},
     {R"(CREATE TRIGGER default_config_changed
         AFTER INSERT OR UPDATE OR DELETE ON personality_default_configs
         FOR EACH ROW EXECUTE FUNCTION notify_personality_of_row())",
      postgresql},
     {R"(CREATE TRIGGER user_config_changed
         AFTER INSERT OR UPDATE OR DELETE ON user_personality_configs
         FOR EACH ROW EXECUTE FUNCTION notify_personality_of_row())",
      postgresql},
     {R"(CREATE TRIGGER owners_changed AFTER INSERT OR UPDATE OR DELETE ON personality_owners
         FOR EACH ROW EXECUTE FUNCTION notify_personality_of_row())",
      postgresql},
     {R"(CREATE TRIGGER aliases_changed AFTER INSERT OR UPDATE OR DELETE ON personality_aliases
         FOR EACH ROW EXECUTE FUNCTION notify_personality_of_row())",
      postgresql},
     {R"(CREATE TRIGGER config_updated AFTER UPDATE ON llm_configs FOR EACH ROW
         WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at)
         EXECUTE FUNCTION notify_all_personalities_changed())",
      postgresql},
     {R"(CREATE TRIGGER global_default_came AFTER INSERT ON llm_configs FOR EACH ROW
         WHEN (NEW.is_global AND NEW.is_default)
         EXECUTE FUNCTION notify_all_personalities_changed())",
      postgresql},
     {R"(CREATE TRIGGER global_default_went AFTER DELETE ON llm_configs FOR EACH ROW
         WHEN (OLD.is_global AND OLD.is_default)
         EXECUTE FUNCTION notify_all_personalities_changed())",
      postgresql},
     {R"(CREATE TRIGGER prompt_updated AFTER UPDATE ON system_prompts FOR EACH ROW
         WHEN (OLD.content IS DISTINCT FROM NEW.content)
         EXECUTE FUNCTION notify_personalities_of_prompt())",
      postgresql}}};

}  // namespace

constinit const Step change_notifications{statements};

}  // namespace tutti::services::gateway::database
