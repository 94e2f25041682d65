-- The id of the lease, and the most that it may hold.
local id, most = ARGV[11], tonumber(ARGV[12])
-- It was ended before it came.
local ended = redis.call('HGET', LEASES, id)
if ended or moved() then
    return answer({ 'moved', {} })
end
local standing = counts()
local tightest, full = left(standing, 1)
if full then
    return answer({ 'no', { full } })
end
local units = math.min(most, math.ceil(tightest / 4))
local taken = take(standing, units)
redis.call('HSET', LEASES, id, text(units))
expire(LEASES)
return answer({ 'yes', taken })
