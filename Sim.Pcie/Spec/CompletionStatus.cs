namespace Sim.Pcie.Spec;

/// <summary>Completion Status field (§2.2.9.1, Table 2-34); other values are reserved and taken as UR (§2.3.2).</summary>
public enum CompletionStatus : byte
{
    /// <summary>SC: Successful Completion.</summary>
    Successful = 0,

    /// <summary>UR: Unsupported Request.</summary>
    UnsupportedRequest = 1,

    /// <summary>RRS: Request Retry Status (CRS before revision 6.0), for configuration and Deferrable Memory Write Requests.</summary>
    RequestRetry = 2,

    /// <summary>CA: Completer Abort.</summary>
    CompleterAbort = 4,
}
