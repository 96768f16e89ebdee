namespace Sim.Pcie.Errors;

/// <summary>The layer that detects an error (§6.2.7), in the words kernel logs use.</summary>
public enum ErrorLayer
{
    /// <summary>Physical Layer.</summary>
    Physical,

    /// <summary>Data Link Layer.</summary>
    DataLink,

    /// <summary>Transaction Layer.</summary>
    Transaction,
}

/// <summary>The agent a kernel log names for an error.</summary>
public enum ErrorAgent
{
    /// <summary>Receiver ID.</summary>
    Receiver,

    /// <summary>Requester ID.</summary>
    Requester,

    /// <summary>Completer ID.</summary>
    Completer,

    /// <summary>Transmitter ID.</summary>
    Transmitter,
}

/// <summary>The cases of §6.2.3.2.4 in which a non-fatal error is advisory.</summary>
[Flags]
public enum AdvisoryCases
{
    /// <summary>Never advisory.</summary>
    None = 0,

    /// <summary>The detector answers a Non-Posted Request with UR or CA status (§6.2.3.2.4.1).</summary>
    CompleterOfNonPosted = 1,

    /// <summary>The detector is not the TLP's destination (§6.2.3.2.4.2).</summary>
    IntermediateReceiver = 2,

    /// <summary>The destination can go on in spite of poisoned data (§6.2.3.2.4.3).</summary>
    TolerantReceiver = 4,

    /// <summary>The Requester will try again after a Completion Timeout (§6.2.3.2.4.4).</summary>
    RetryingRequester = 8,

    /// <summary>Unexpected Completion: always (§6.2.3.2.4.5).</summary>
    Always = 16,
}

/// <summary>One row of the error table: what the specification fixes for one error.</summary>
/// <param name="Error">Which.</param>
/// <param name="Bit">Its bit in the AER status, mask and (uncorrectable) severity registers.</param>
/// <param name="DefaultSeverity">Severity without software reprogramming (§6.2.7).</param>
/// <param name="Layer">Detecting layer.</param>
/// <param name="Name">Name in the AER registers.</param>
/// <param name="KernelName">Short name in Linux kernel logs.</param>
public sealed record ErrorFacts(PcieError Error, int Bit, ErrorSeverity DefaultSeverity, ErrorLayer Layer, string Name, string KernelName)
{
    /// <summary>True if the AER mask bit is set by default.</summary>
    public bool MaskedByDefault { get; init; }

    /// <summary>True if the TLP header (and prefixes) are recorded (§6.2.7).</summary>
    public bool HeaderLogged { get; init; }

    /// <summary>When a non-fatal error of this kind is advisory.</summary>
    public AdvisoryCases Advisory { get; init; }

    /// <summary>The agent a kernel log names.</summary>
    public ErrorAgent Agent { get; init; }

    /// <summary>True if a VF logs it as its own; the others are not Function-specific and are logged in the PF only (§6.2.4).</summary>
    public bool FunctionSpecific { get; init; }

    /// <summary>True if a VF's AER has mask and severity bits of its own; for the others its PF's apply (§7.8.4.3, §7.8.4.4,
    /// §7.8.4.6).</summary>
    public bool VfHasOwnControls { get; init; }

    /// <summary>True for the errors of the Correctable Error Status register.</summary>
    public bool IsCorrectable => DefaultSeverity == ErrorSeverity.Correctable;

    /// <summary>The bit as a mask.</summary>
    public uint Mask => 1u << Bit;
}
