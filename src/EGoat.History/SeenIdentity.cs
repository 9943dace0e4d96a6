namespace EGoat.History;

/// <summary>An identity under a name, as it was seen.</summary>
internal sealed record SeenIdentity(string Identity, string Name, string Room, DateTimeOffset FirstSeen, DateTimeOffset LastSeen);
