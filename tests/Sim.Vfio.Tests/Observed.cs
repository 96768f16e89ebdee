[assembly: ObservedFabric.ObservedFabric]
