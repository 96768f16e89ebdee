namespace Sim.Pcie.Endpoints;

/// <summary>What a migratable function declares of itself.</summary>
[Flags]
public enum MigrationSupport
{
    /// <summary>Stop, save, load.</summary>
    None = 0,

    /// <summary>Its initiator can be suspended alone, while it responds to peers.</summary>
    PeerToPeer = 1,

    /// <summary>It can be saved while it runs, for a first image.</summary>
    PreCopy = 2,

    /// <summary>It logs the pages it writes.</summary>
    WriteLog = 4,

    /// <summary>Whatever requests arrive while its responder is suspended, the image stays what it was.</summary>
    StableImage = 8,
}
