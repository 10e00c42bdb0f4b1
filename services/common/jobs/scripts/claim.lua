-- The next job, leased. ARGV: see claiming.lua.
--
-- Answers {'JOB', cursor, made, job}, {'MORE', cursor, made}: nothing yet, ask again at once, or
-- {'NONE', cursor, made, id after which the next ticket will be, ms until a ticket may be free}.

-- Without a ticket nothing waits and nothing is active: a parent waits for children, which have
-- tickets. What was counted of records that are lost ends here.
local function forget_figures()
    if redis.call('XLEN', stream) == 0 and redis.call('EXISTS', figures) == 1 then
        redis.call('HDEL', figures, 'waiting', 'bytes', 'active')
    end
end

local function last_delivered()
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
        local known = {}
        for i = 1, #info, 2 do known[info[i]] = info[i + 1] end
        if known.name == group then return known['last-delivered-id'] end
    end
end

local function free_in()
    local ms = lease
    for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 100)) do
        ms = math.min(ms, lease - pending[3])
    end
    return math.max(ms, 1)
end

local job, more = nil, true
if ARGV[9] == 'again' then job = known_lease() end
if not job then job, more = next_job() end
if job then return {'JOB', cursor, made, job} end
if more then return {'MORE', cursor, made} end
forget_figures()
return {'NONE', cursor, made, last_delivered(), free_in()}
