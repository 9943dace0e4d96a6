using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>Where a chat's commands show what they find.</summary>
public interface IChatOutput
{
    /// <summary>Something that people should know, or what a command answers.</summary>
    void Say(string text);

    /// <summary>A command that could not be carried out, or another problem.</summary>
    void Warn(string text);

    /// <summary>An offer waits for an answer.</summary>
    void ShowOffer(FileOffer offer, int number);

    /// <summary>An offer is not there any more.</summary>
    void ShowWithdrawn(FileOffer offer, int number);

    /// <summary>Who is there.</summary>
    void ShowPeers(IReadOnlyList<EGoatPeer> peers);

    /// <summary>What is offered and what runs.</summary>
    void ShowTransfers(IReadOnlyList<(int Number, FileOffer Offer)> offers, IReadOnlyList<(int Number, EGoatTransfer Transfer)> running);

    /// <summary>Messages of the history, oldest first.</summary>
    void ShowHistory(IReadOnlyList<EGoatMessage> messages);
}
