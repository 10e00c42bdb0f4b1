-- Behind the prologue of the scripts that read or write what carries tags.
--
-- The hash has for each tag the sequence of the entry that has invalidated it last, and under the empty name
-- the last of all of these and how many there are. The state repeats that sequence as `y`: when they differ the
-- hash was lost, and every tag counts as invalidated until now. `f` counts for every tag of which more is not known.
--
-- What is here is read and made with the first tag that comes: a table of two functions.
local tags_max = 10000
local versions_of_tags
local function tag_versions()
    if versions_of_tags then return versions_of_tags end
    local key, count = tags_key(), 0
    local told = redis.call('HMGET', state_key, 'y', 'f')
    local last, floor = number(told[1]) or 0, number(told[2]) or 0

    local function lose(until_now)
        redis.call('DEL', key)
        floor, last, count = until_now, 0, 0
        redis.call('HSET', state_key, 'f', decimal(floor), 'y', 0)
    end

    -- What the hash knows of these.
    local function known_of(tags)
        local known = redis.pcall('HMGET', key, '', unpack(tags))
        if is_error(known) then error(known) end
        if not is_wrong_type(known) then
            local its_last, its_count = string.match(known[1] or '', '^(%d+) (%d+)$')
            count = number(its_count) or 0
            if (number(its_last) or 0) == last then return known end
        end
        lose(seq)
        return {}
    end

    -- Whether one of them was invalidated by an entry behind that one.
    local function invalidated_since(since, tags)
        local known = known_of(tags)
        if floor > since then return true end
        for i = 2, #known do
            if (number(known[i]) or 0) > since then return true end
        end
        return false
    end

    -- By the entry that is appended next.
    local function invalidate(tags)
        known_of({})
        local version, fields = decimal(seq + 1), {}
        for _, tag in ipairs(tags) do
            table.insert(fields, tag)
            table.insert(fields, version)
        end
        -- HSET says how many of them are new.
        count = count + redis.call('HSET', key, unpack(fields))
        if count > tags_max then lose(seq + 1) end
        last = seq + 1
        redis.call('HSET', key, '', version .. ' ' .. decimal(count))
        redis.call('HSET', state_key, 'y', version)
    end

    versions_of_tags = {invalidated_since = invalidated_since, invalidate = invalidate}
    return versions_of_tags
end
