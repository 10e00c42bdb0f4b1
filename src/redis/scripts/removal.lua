-- Behind the prologue of the scripts that remove values.
--
-- Removes what the payload of an entry names. Returns whom that concerns.
local function remove(payload)
    if payload == '*' then
        generation = generation + 1
        redis.call('HSET', state_key, 'g', decimal(generation))
        return {''}
    end
    -- No values were used, and a tag has a mark.
    if #prefixes == 0 and not string.find(payload, '#', 1, true) then return {} end

    local woken, batch, seen = {}, {}, {}
    -- Values, what stands beside them, and claims.
    local function unlink()
        local claims, all = {}, {}
        for _, name in ipairs(batch) do
            table.insert(claims, 'tutti:claim:' .. name)
            table.insert(all, name)
            table.insert(all, 'tutti:value:' .. name)
            table.insert(all, 'tutti:claim:' .. name)
        end
        local texts = redis.call('MGET', unpack(claims))
        for i, name in ipairs(batch) do
            if parse_claim(texts[i]).waiting == '1' then table.insert(woken, name) end
        end
        redis.call('UNLINK', unpack(all))
        batch = {}
    end

    local keys, tags = netstrings(payload)
    for _, key in ipairs(keys) do
        for _, prefix in ipairs(prefixes) do
            -- One prefix may begin with another, so two keys may name one value.
            local name = prefix .. key
            if not seen[name] then
                seen[name] = true
                table.insert(batch, name)
            end
            if #batch == 1000 then unlink() end
        end
    end
    if #batch > 0 then unlink() end
    if #tags > 0 then tag_versions().invalidate(tags) end
    return woken
end
