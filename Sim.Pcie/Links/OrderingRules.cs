using Sim.Pcie.Spec;

namespace Sim.Pcie.Links;

/// <summary>
/// Table 2-42 (§2.4.1), the entries that a transmitter is bound by: which TLP may go before one that was handed over earlier. Where the
/// table leaves the choice ("Y/N"), passing is permitted here; nothing relies on it.
/// </summary>
public static class OrderingRules
{
    /// <summary>Whether a TLP may pass an older one that waits for the same link.</summary>
    /// <param name="later">The one that would go first.</param>
    /// <param name="older">The one that was handed over before it.</param>
    public static bool MayPass(in TlpHeader later, in TlpHeader older)
    {
        if (later.Tc != older.Tc) return true; // §2.4: no ordering between Traffic Classes
        return older.FlowClass switch
        {
            FlowClass.Posted => MayPassPosted(in later, in older),

            // D5a, D5b: Completions of one request stay in order; all others may pass each other.
            FlowClass.Completion when later.IsCompletion => later.RequesterId != older.RequesterId || later.Tag != older.Tag,
            _ => true,
        };
    }

    /// <summary>Whether an attribute frees a TLP from some that are before it (§2.2.6.4).</summary>
    public static bool IsRelaxed(in TlpHeader header) => (header.Dw0 & (TlpHeader.RelaxedOrdering | TlpHeader.IdBasedOrdering)) != 0;

    /// <summary>Column 2: nothing passes a Posted Request but what Relaxed Ordering or ID-Based Ordering frees (A2b, B2b, C2b,
    /// D2b).</summary>
    public static bool MayPassPosted(in TlpHeader later, in TlpHeader posted)
    {
        if (!IsRelaxed(in later)) return false;
        var attributes = later.Attributes;

        // B2b: a Read Request has no use for RO here; every other row has.
        var isRead = later.FlowClass == FlowClass.NonPosted && !later.HasData;
        if ((attributes & TlpAttributes.RelaxedOrdering) != 0 && !isRead) return true;
        var source = later.IsCompletion ? later.CompleterId : later.RequesterId;
        return (attributes & TlpAttributes.IdBasedOrdering) != 0 && source != posted.RequesterId;
    }
}
