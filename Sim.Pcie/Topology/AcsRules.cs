using Sim.Pcie.Capabilities;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>Where Access Control Services send a peer-to-peer request (§6.12.3).</summary>
public enum AcsRoute
{
    /// <summary>Directly to the peer.</summary>
    Direct,

    /// <summary>Upstream, for the Root Complex to decide.</summary>
    Redirected,

    /// <summary>Nowhere: an ACS Violation.</summary>
    Blocked,
}

/// <summary>The decisions of Access Control Services from enabled features alone (§6.12.1, §6.12.3).</summary>
public static class AcsRules
{
    /// <summary>The mechanisms that decide the route of a request to a peer.</summary>
    public const AcsFeatures Peer = AcsFeatures.RequestRedirect | AcsFeatures.EgressControl | AcsFeatures.DirectTranslated;

    /// <summary>Whether Source Validation and Translation Blocking let an upstream request in (§6.12.1.1).</summary>
    /// <param name="acs">What is enabled at the port the request came in by.</param>
    /// <param name="fromBelow">Whether its Requester ID's bus lies in the port's range.</param>
    /// <param name="at">Its Address Type.</param>
    public static bool Admits(AcsFeatures acs, bool fromBelow, AddressType at) =>
        ((acs & AcsFeatures.SourceValidation) == 0 || fromBelow)
        && ((acs & AcsFeatures.TranslationBlocking) == 0 || at == AddressType.Untranslated);

    /// <summary>
    /// Route of a request whose target is a peer: Request Redirect (R), Egress Control (E) and its vector (V). Neither: direct. R alone:
    /// redirected. E: direct where V is clear; where it is set, redirected with R and blocked without. Direct Translated overrides all
    /// of them for translated requests.
    /// </summary>
    /// <param name="acs">What is enabled at the ingress port, or at the Function.</param>
    /// <param name="vectorBit">Egress Control Vector bit of the egress port, or of the peer Function.</param>
    /// <param name="at">Address Type of the request.</param>
    public static AcsRoute OfRequest(AcsFeatures acs, bool vectorBit, AddressType at)
    {
        if ((acs & (AcsFeatures.RequestRedirect | AcsFeatures.EgressControl)) == 0) return AcsRoute.Direct;
        if (at == AddressType.Translated && (acs & AcsFeatures.DirectTranslated) != 0) return AcsRoute.Direct;
        if ((acs & AcsFeatures.EgressControl) != 0 && !vectorBit) return AcsRoute.Direct;
        return (acs & AcsFeatures.RequestRedirect) != 0 ? AcsRoute.Redirected : AcsRoute.Blocked;
    }

    /// <summary>Whether a completion to a peer goes upstream: Completion Redirect, but not with Relaxed Ordering (§6.12.1.1).</summary>
    public static bool RedirectsCompletion(AcsFeatures acs, TlpAttributes attributes) =>
        (acs & AcsFeatures.CompletionRedirect) != 0 && (attributes & TlpAttributes.RelaxedOrdering) == 0;
}
