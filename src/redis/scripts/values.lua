-- Behind the prologue of every script that touches coordinated values.
--
-- A value is at its key, framed by a header line, or raw with `tutti:value:` .. key beside it; the
-- claim of its load is at `tutti:claim:` .. key. Both tell the epoch and the generation that they
-- belong to, and all age by the TTL that the server counts. What is not of that form, or of another
-- type, is not there: a foreign program may write whatever it likes.
local longest = 3155695200000  -- a century, in milliseconds

local function read(command, key)
    local reply = redis.pcall(command, key)
    if is_error(reply) then error(reply) end
    if is_wrong_type(reply) then return false end
    return reply
end

local function bounded(milliseconds)
    return math.min(tonumber(milliseconds), longest)
end

-- Of a value that is kept for `life` by a key that expires. Nil: it does not, so it is not ours.
local function age_of(key, life)
    local left = redis.call('PTTL', key)
    if left < 0 then return nil end
    return math.max(bounded(life) - left, 0)
end

-- `1` and the lifetimes, or, of a cache that carries tags, `2`, the lifetimes, the sequence when the claim
-- was given that it was stored under, and the tags. Of a cache that carries tags what carries none was stored
-- by an instance that knows of none.
local function framed_value(key, form)
    local text = read('GET', key)
    if not text then return nil end
    local pattern = '^1 (%x+) (%d+) (%S+) (%d+) (%d+)\n()'
    if form == 'tagged' then pattern = '^2 (%x+) (%d+) (%S+) (%d+) (%d+) (%d+) (%d+)\n()' end
    local of_epoch, of_generation, rank, fresh, life, from, size, from_tagged =
        string.match(string.sub(text, 1, 128), pattern)
    if not from or not is_current(of_epoch, of_generation) then return nil end
    local tags
    if form == 'tagged' then
        local since = tonumber(from)
        from = from_tagged + tonumber(size)
        tags = string.sub(text, from_tagged, from - 1)
        local names = unmarked_netstrings(tags)
        if not names or #names > 64 then return nil end
        for _, name in ipairs(names) do
            if #name < 1 or #name > 256 then return nil end
        end
        if #names > 0 and tag_versions().invalidated_since(since, names) then return nil end
    end
    local age = age_of(key, life)
    if not age then return nil end
    return {bytes = string.sub(text, from), age = age, fresh = bounded(fresh), rank = rank,
        tags = tags}
end

-- Our own value of another epoch is absent, also where foreign programs may write.
local function raw_value(key, foreign)
    local bytes = read('GET', key)
    if not bytes then return nil end
    local beside = read('GET', 'tutti:value:' .. key)
    local of_epoch, of_generation, fresh, life, digest = string.match(beside or '',
        '^1 (%x+) (%d+) (%d+) (%d+) (%x+)$')
    local age = digest and age_of('tutti:value:' .. key, life)
    if age and digest == redis.sha1hex(bytes) then
        if not is_current(of_epoch, of_generation) then return nil end
        return {bytes = bytes, age = age, fresh = bounded(fresh)}
    end
    if foreign == '' then return nil end
    local left = redis.call('PTTL', key)
    return {bytes = bytes, age = 0, fresh = left >= 0 and bounded(left) or longest}
end

local function claim_of(key)
    local name = 'tutti:claim:' .. key
    local claim = parse_claim(read('GET', name))
    if not claim.token then return claim end
    local left = redis.call('PTTL', name)
    claim.stands = claim.stands and left >= 0
    claim.left = bounded(left)
    return claim
end

local function set_claim(key, token, waiting, at, ...)
    local words = {at and '2' or '1', epoch, decimal(generation), waiting}
    if at then table.insert(words, at) end
    table.insert(words, token)
    redis.call('SET', 'tutti:claim:' .. key, table.concat(words, ' '), ...)
end

local function end_claim(key, claim, channel)
    redis.call('DEL', 'tutti:claim:' .. key)
    if claim.waiting == '1' then wake(channel, {key}) end
end

-- Before a value under this prefix is used. False: there are too many.
local function remember(prefix)
    for _, known in ipairs(prefixes) do
        if known == prefix then return true end
    end
    if #prefixes >= 64 then return false end
    table.insert(prefixes, prefix)
    local text = ''
    for _, known in ipairs(prefixes) do text = text .. #known .. ':' .. known .. ',' end
    redis.call('HSET', state_key, 'p', text)
    return true
end
