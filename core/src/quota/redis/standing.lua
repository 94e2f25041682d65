local standing = counts()
standing[4] = count(BEFORE)
standing[5] = 0
for _, units in ipairs(redis.call('HVALS', LEASES)) do
    standing[5] = standing[5] + number(units, LEASES)
end
return answer({ standing, redis.call('GET', PAUSE) })
