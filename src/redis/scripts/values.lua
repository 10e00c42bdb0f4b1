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

local function is_current(of_epoch, of_generation)
    return of_epoch == epoch and tonumber(of_generation) == generation
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

local function framed_value(key)
    local text = read('GET', key)
    if not text then return nil end
    local of_epoch, of_generation, rank, fresh, life, from = string.match(string.sub(text, 1, 128),
        '^1 (%x+) (%d+) (%S+) (%d+) (%d+)\n()')
    if not from or not is_current(of_epoch, of_generation) then return nil end
    local age = age_of(key, life)
    if not age then return nil end
    return {bytes = string.sub(text, from), age = age, fresh = bounded(fresh), rank = rank}
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

-- `waiting` counts whatever the claim belongs to: who waited for it wants to know.
local function parse_claim(text)
    local of_epoch, of_generation, waiting, token = string.match(text or '',
        '^1 (%x+) (%d+) ([01]) (.+)$')
    if not token then return {stands = false, waiting = '0'} end
    return {stands = is_current(of_epoch, of_generation), token = token, waiting = waiting}
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

local function set_claim(key, token, waiting, ...)
    redis.call('SET', 'tutti:claim:' .. key,
        table.concat({'1', epoch, decimal(generation), waiting, token}, ' '), ...)
end

local function wake(channel, keys)
    for _, key in ipairs(keys) do push(channel, key) end
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

-- Values, what stands beside them, and claims. Whoever waits for one is added to `woken`.
local function unlink(keys, woken)
    local claims, all = {}, {}
    for _, key in ipairs(keys) do
        table.insert(claims, 'tutti:claim:' .. key)
        table.insert(all, key)
        table.insert(all, 'tutti:value:' .. key)
        table.insert(all, 'tutti:claim:' .. key)
    end
    local texts = redis.call('MGET', unpack(claims))
    for i, key in ipairs(keys) do
        if parse_claim(texts[i]).waiting == '1' then table.insert(woken, key) end
    end
    redis.call('UNLINK', unpack(all))
end

-- Removes what the payload of an entry names. Returns whom that concerns.
local function remove(payload)
    if payload == '*' then
        generation = generation + 1
        redis.call('HSET', state_key, 'g', decimal(generation))
        return {''}
    end
    local woken, batch, seen = {}, {}, {}
    for _, key in ipairs(netstrings(payload)) do
        for _, prefix in ipairs(prefixes) do
            -- One prefix may begin with another, so two keys may name one value.
            local name = prefix .. key
            if not seen[name] then
                seen[name] = true
                table.insert(batch, name)
            end
            if #batch == 1000 then
                unlink(batch, woken)
                batch = {}
            end
        end
    end
    if #batch > 0 then unlink(batch, woken) end
    return woken
end
