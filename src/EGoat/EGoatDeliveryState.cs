namespace EGoat;

/// <summary>What is known about a message and one of its recipients.</summary>
public enum EGoatDeliveryState
{
    /// <summary>The recipient has not confirmed it yet; it goes out when the recipient is in the room again.</summary>
    Waiting,

    /// <summary>The recipient has stored it. Final.</summary>
    Confirmed,

    /// <summary>It was given up: <see cref="EGoatDelivery.Reason"/> says why.</summary>
    NotConfirmed,
}
