-- One step of one instance, see shard_register.hpp. KEYS[1]: a hash of
--   epoch          made with the hash: one that was emptied in between is another one
--   count          how many shards there are
--   s<number>      the record of a shard, see shard_record.hpp
--   m<member>      the beat of an instance
-- ARGV: 1 server, 2 count, 3 recount, 4 member, 5 beat, 6 n, then n times (member, beat) that are
-- forgotten, then to the end (shard, expected, stamp, content) that are written.
--
-- Answers {server, ms, every field and its value}.
local key = KEYS[1]
local time = redis.call('TIME')
redis.call('HSETNX', key, 'epoch', ARGV[4] .. ':' .. time[1] .. ':' .. time[2])
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') .. '/' ..
    redis.call('HGET', key, 'epoch')

local function turn_of(text) return tonumber(string.match(text, '^%S+ (%d+)')) or 0 end

-- Of its own records a member overwrites older ones: a step may come late.
local function is_as_expected(stored, expected, stamp)
    if expected == '' then return not stored end
    if not stored then return false end
    if string.sub(expected, -1) == ' ' then
        return string.sub(stored, 1, #expected) == expected and turn_of(stored) < turn_of(stamp)
    end
    return stored == expected
end

local function has_records()
    for _, field in ipairs(redis.call('HKEYS', key)) do
        if string.sub(field, 1, 1) == 's' then return true end
    end
    return false
end

local function forget_members(from, to)
    for i = from, to, 2 do
        if redis.call('HGET', key, 'm' .. ARGV[i]) == ARGV[i + 1] then
            redis.call('HDEL', key, 'm' .. ARGV[i])
        end
    end
end

local function write_records(from)
    for i = from, #ARGV, 4 do
        local field = 's' .. ARGV[i]
        if is_as_expected(redis.call('HGET', key, field), ARGV[i + 1], ARGV[i + 2]) then
            if ARGV[i + 2] == '' then
                redis.call('HDEL', key, field)
            else
                redis.call('HSET', key, field, ARGV[i + 2] .. ' ' .. server .. ' ' .. ARGV[i + 3])
            end
        end
    end
end

if ARGV[1] == server then
    if ARGV[5] == '' then
        redis.call('HDEL', key, 'm' .. ARGV[4])
    else
        redis.call('HSET', key, 'm' .. ARGV[4], ARGV[5])
    end
    local records = 7 + 2 * ARGV[6]
    forget_members(7, records - 1)
    redis.call('HSETNX', key, 'count', ARGV[2])
    if redis.call('HGET', key, 'count') == ARGV[2] then
        write_records(records)
        if ARGV[3] ~= '0' and not has_records() then redis.call('HSET', key, 'count', ARGV[3]) end
    end
end
return {server, time[1] * 1000 + math.floor(time[2] / 1000), redis.call('HGETALL', key)}
