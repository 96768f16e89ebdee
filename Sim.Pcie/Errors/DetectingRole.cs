namespace Sim.Pcie.Errors;

/// <summary>In which role a Function detected an error; with the TLP it decides the advisory cases of §6.2.3.2.4.</summary>
public enum DetectingRole
{
    /// <summary>The TLP's destination, or no TLP at all.</summary>
    UltimateReceiver,

    /// <summary>The TLP was to go on to somebody else (§6.2.3.2.4.2).</summary>
    IntermediateReceiver,

    /// <summary>The destination, which can go on in spite of poisoned data (§6.2.3.2.4.3).</summary>
    TolerantReceiver,

    /// <summary>A Requester that will repeat the request after a Completion Timeout (§6.2.3.2.4.4).</summary>
    RetryingRequester,
}
