using Sim.Pcie.Spec;

namespace Sim.Pcie.Links;

/// <summary>
/// The ordering rules as a judge reads them (§2.4.1, Table 2-42): may a TLP pass one that was there before it? It has no say in what the
/// fabric does and shares no code with it.
/// </summary>
public static class OrderingTable
{
    /// <summary>The rule that forbids it, by its cell of Table 2-42; null where passing is allowed.</summary>
    /// <param name="passing">The TLP that went first.</param>
    /// <param name="passed">The TLP that had been there before it.</param>
    public static string? Forbids(in TlpHeader passing, in TlpHeader passed)
    {
        if (passing.Tc != passed.Tc) return null; // §2.4.1: the rules hold within a Traffic Class
        return (passing.FlowClass, passed.FlowClass) switch
        {
            (FlowClass.Posted, FlowClass.Posted) when !IsRelaxed(in passing) && !IsOfAnother(in passing, in passed) =>
                "A2a: a Posted Request must not pass another Posted Request",
            (FlowClass.NonPosted, FlowClass.Posted) when !passing.HasData && !IsOfAnother(in passing, in passed) =>
                "B2a: a Read Request must not pass a Posted Request",
            (FlowClass.NonPosted, FlowClass.Posted) when passing.HasData && !IsRelaxed(in passing) && !IsOfAnother(in passing, in passed) =>
                "C2a: a Non-Posted Request with Data must not pass a Posted Request",
            (FlowClass.Completion, FlowClass.Posted) when !IsRelaxed(in passing) && !IsOfAnother(in passing, in passed)
                && !MayCompleteWrite(in passing) => "D2a: a Completion must not pass a Posted Request",
            (FlowClass.Completion, FlowClass.Completion) when passing.RequesterId == passed.RequesterId && passing.Tag == passed.Tag =>
                "D5b: Completions with the same Transaction ID must not pass each other",
            _ => null,
        };
    }

    private static bool IsRelaxed(in TlpHeader tlp) => (tlp.Attributes & TlpAttributes.RelaxedOrdering) != 0;

    /// <summary>ID-Based Ordering frees a TLP from those of other Requesters; of a Completion the Completer ID counts (§2.4.1).</summary>
    private static bool IsOfAnother(in TlpHeader passing, in TlpHeader passed)
    {
        if ((passing.Attributes & TlpAttributes.IdBasedOrdering) == 0) return false;
        return (passing.IsCompletion ? passing.CompleterId : passing.RequesterId) != passed.RequesterId;
    }

    /// <summary>Completions of I/O and configuration writes may pass (D2b): they carry no data, a Byte Count of 4 and Lower Address
    /// 0.</summary>
    private static bool MayCompleteWrite(in TlpHeader tlp) => !tlp.HasData && tlp.ByteCount == 4 && tlp.LowerAddress == 0;
}
