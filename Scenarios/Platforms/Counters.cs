using System.Runtime.InteropServices;

namespace Scenarios.Platforms;

/// <summary>Named counts. The ones that expectations usually ask for exist from the beginning, so that a zero is a fact too.</summary>
internal sealed class Counters
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal)
    {
        ["ERR_COR"] = 0,
        ["ERR_NONFATAL"] = 0,
        ["ERR_FATAL"] = 0,
        ["SIGBUS"] = 0,
        ["IOMMU faults"] = 0,
        ["drivers stopped"] = 0,
        ["error eventfds"] = 0,
        ["resets"] = 0,
        ["kernel log lines"] = 0,
        ["user TLPs to a stopped Function"] = 0,
        ["peer TLPs to a stopped Function"] = 0,
        ["requests of a stopped Function"] = 0,
        ["interrupts that arrived from a Function suspended as initiator"] = 0,
        ["health: PCI dead"] = 0,
        ["health: compromised"] = 0,
    };

    public IReadOnlyList<(string Name, long Value)> InOrder =>
        [.. _counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => (c.Key, c.Value))];

    /// <summary>Raises a count to <paramref name="value"/>: the most there ever was.</summary>
    public void AtLeast(string name, long value) => _counts[name] = Math.Max(_counts.GetValueOrDefault(name), value);

    public void Set(string name, long value) => _counts[name] = value;

    public void Add(string name, long count = 1) => CollectionsMarshal.GetValueRefOrAddDefault(_counts, name, out _) += count;
}
