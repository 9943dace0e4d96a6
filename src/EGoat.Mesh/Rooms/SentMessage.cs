namespace EGoat.Mesh;

/// <summary>A message on its way to the members of a room.</summary>
/// <param name="Message">The message, as it was stored.</param>
/// <param name="Recipients">Whom it went to.</param>
/// <param name="Confirmed">Completes when every recipient has stored it or left.</param>
public sealed record SentMessage(EGoatMessage Message, IReadOnlyList<EGoatPeer> Recipients, Task Confirmed);
